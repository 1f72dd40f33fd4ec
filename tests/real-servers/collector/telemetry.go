package main

import (
	"context"

	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/service/telemetry"
	"go.uber.org/zap"
)

// telemetryFactory logs to standard error and measures nothing of itself. The usual one, otelconftelemetry, would
// bring detectors for every cloud.
func telemetryFactory() telemetry.Factory {
	return telemetry.NewFactory(
		func() component.Config { return &struct{}{} },
		telemetry.WithCreateLogger(func(
			_ context.Context, settings telemetry.LoggerSettings, _ component.Config,
		) (*zap.Logger, component.ShutdownFunc, error) {
			logger, err := settings.BuildZapLogger(zap.NewProductionConfig())
			return logger, nil, err
		}),
	)
}
