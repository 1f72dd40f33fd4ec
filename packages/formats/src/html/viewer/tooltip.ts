/**
 * The tooltip: what the page says of a box, beside the pointer or under the box.
 */
import type { PageElement, PageWindow } from '@waggle/text/page';

export type Tooltip = ReturnType<typeof createTooltip>;

export function createTooltip(window: PageWindow, element: PageElement) {
  const GAP = 14;
  const EDGE = 6;

  function line(className: string, text: string): PageElement {
    const made = window.document.createElement('div');
    made.className = className;
    made.textContent = text;
    return made;
  }

  return {
    /** Near a point of the window, and inside it. */
    show(name: string, lines: readonly string[], x: number, y: number): void {
      element.replaceChildren(line('name', name), ...lines.map((text) => line('line', text)));
      element.hidden = false;
      const { innerWidth, innerHeight } = window;
      const toRight = x + GAP + element.offsetWidth + EDGE <= innerWidth;
      const below = y + GAP + element.offsetHeight + EDGE <= innerHeight;
      const left = toRight ? x + GAP : Math.max(EDGE, innerWidth - EDGE - element.offsetWidth);
      const top = below ? y + GAP : Math.max(EDGE, y - GAP - element.offsetHeight);
      element.style.setProperty('left', `${left}px`);
      element.style.setProperty('top', `${top}px`);
    },

    hide(): void {
      element.hidden = true;
    },
  };
}
