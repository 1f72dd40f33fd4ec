/**
 * Draws the boxes for a view: takes over the boxes of the still picture, moves and marks them, and
 * writes their labels.
 */
import { drawnWidth, LABEL_PADDING, labelText } from '../../flame-graph/label.ts';
import type { FlameData } from './data.ts';
import type { DomElement, DomText, DomWindow } from './dom.ts';
import type { FlameFrame } from './geometry.ts';
import { placementOf } from './geometry.ts';

/** What is shown: changed by the viewer, read by each drawing. */
export interface FlameView {
  zoom: FlameFrame;
  matched: ReadonlySet<FlameFrame>;
  /** Where the arrow keys are. */
  cursor: FlameFrame | undefined;
  /** Root at the top. */
  isFlipped: boolean;
}

export function createBoxes(
  window: DomWindow,
  container: DomElement,
  data: FlameData,
  frames: readonly FlameFrame[],
  view: FlameView,
) {
  const SVG = 'http://www.w3.org/2000/svg';
  const { margin, header, row: rowHeight, baseline } = data.layout;
  const { document } = window;

  const groups = Array.from(container.children);
  const rects: DomElement[] = [];
  const shades: string[] = [];
  const labels: (DomElement | undefined)[] = [];
  const indexOfRect = new Map<unknown, number>();
  for (const group of groups) {
    for (const element of Array.from(group.children)) {
      const shade = element.getAttribute('class');
      if (shade === null) {
        // A label of the still picture; which box it is for is known only by place, so draw anew.
        element.remove();
      } else {
        indexOfRect.set(element, rects.length);
        rects.push(element);
        shades.push(shade);
      }
    }
  }

  /** Fonts differ by machine; labels are cut by what a character takes on this one, in px. */
  function measureChar(): number {
    const probe: DomText = document.createElementNS(SVG, 'text');
    probe.textContent = '0'.repeat(100);
    groups[0]?.append(probe);
    const measured = probe.getComputedTextLength?.() ?? 0;
    probe.remove();
    return measured > 0 ? measured / 100 : data.layout.charWidth;
  }

  const charWidth = measureChar();
  const tooltip = document.createElementNS(SVG, 'title');

  /** Writing an attribute costs a browser more than reading it, even when nothing changes. */
  function set(element: DomElement, name: string, value: string): void {
    if (element.getAttribute(name) !== value) element.setAttribute(name, value);
  }

  function rectOf(frame: FlameFrame): DomElement {
    return rects[frame.index] as DomElement;
  }

  function nameOf(frame: FlameFrame): string {
    return data.symbols[frame.symbol]?.[0] ?? '';
  }

  function paint(frame: FlameFrame): void {
    let className = shades[frame.index] ?? '';
    if (view.matched.has(frame)) className += ' match';
    if (frame.row < view.zoom.row) className += ' caller';
    if (frame === view.cursor) className += ' cursor';
    set(rectOf(frame), 'class', className);
    const label = labels[frame.index];
    if (label !== undefined) set(label, 'class', view.matched.has(frame) ? 'match' : '');
  }

  function drawLabel(frame: FlameFrame, x: number, boxWidth: number): void {
    const text = labelText(nameOf(frame), boxWidth, charWidth);
    let label = labels[frame.index];
    if (text === '') {
      label?.remove();
      labels[frame.index] = undefined;
      return;
    }
    if (label === undefined) {
      label = document.createElementNS(SVG, 'text');
      label.setAttribute('y', String(baseline));
      groups[frame.row]?.append(label);
      labels[frame.index] = label;
    }
    set(label, 'x', (x + LABEL_PADDING).toFixed(2));
    if (label.textContent !== text) label.textContent = text;
  }

  return {
    charWidth,
    nameOf,
    paint,

    /** All boxes, in a picture of `width` px. */
    draw(width: number): void {
      for (const frame of frames) {
        const rect = rectOf(frame);
        const place = placementOf(frame, view.zoom, width - 2 * margin);
        if (place === undefined) {
          set(rect, 'display', 'none');
          drawLabel(frame, 0, 0);
          continue;
        }
        if (rect.getAttribute('display') !== null) rect.removeAttribute('display');
        set(rect, 'x', (margin + place.x).toFixed(2));
        set(rect, 'width', drawnWidth(place.width).toFixed(2));
        drawLabel(frame, margin + place.x, place.width);
        paint(frame);
      }
    },

    placeRows(): void {
      groups.forEach((group, row) => {
        const position = view.isFlipped ? row : groups.length - 1 - row;
        group.setAttribute('transform', `translate(0 ${header + position * rowHeight})`);
      });
    },

    /** The frame whose box is an event's target. */
    frameOf(target: unknown): FlameFrame | undefined {
      return frames[indexOfRect.get(target) ?? -1];
    },

    showTooltip(frame: FlameFrame | undefined, text: string): void {
      tooltip.remove();
      tooltip.textContent = text;
      if (frame !== undefined) rectOf(frame).append(tooltip);
    },
  };
}
