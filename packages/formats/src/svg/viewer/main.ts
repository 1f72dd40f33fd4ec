/**
 * Where the script inside the SVG begins. scripts/embed-viewers.ts bundles it, with all that it imports,
 * to one text, which the encoder writes into the picture escaped as XML text; browsers undo that in .svg
 * files and in SVG inside HTML. It holds nothing of the profile, so no name can break out of it.
 */
import type { DomElement, DomWindow } from './dom.ts';
import { runViewer } from './viewer.ts';

declare const window: DomWindow & {
  readonly document: { readonly currentScript: { closest(selector: string): DomElement | null } };
};

const { currentScript, documentElement } = window.document;
runViewer(window, currentScript?.closest('svg') ?? documentElement);
