/**
 * The edge between the table and the graph, to be dragged or moved by arrow keys.
 */
import type { PageElement, PageWindow } from '@waggle/text/page';

export function createDivider(window: PageWindow, divider: PageElement, main: PageElement): void {
  const [SMALLEST, LARGEST, STEP] = [12, 80, 2];
  let percent = 36;
  let isDragging = false;

  function moveTo(next: number): void {
    percent = Math.min(LARGEST, Math.max(SMALLEST, next));
    main.style.setProperty('--functions', `${percent}%`);
    divider.setAttribute('aria-valuenow', String(Math.round(percent)));
  }

  divider.addEventListener('pointerdown', (event) => {
    isDragging = true;
    divider.setPointerCapture(event.pointerId);
    event.preventDefault();
  });
  divider.addEventListener('pointermove', (event) => {
    if (!isDragging) return;
    const { left, top, width, height } = main.getBoundingClientRect();
    // Narrow windows have the table under the graph.
    const isStacked = window.matchMedia('(max-width: 820px)').matches;
    if (isStacked) moveTo(100 - (100 * (event.clientY - top)) / height);
    else moveTo((100 * (event.clientX - left)) / width);
  });
  divider.addEventListener('pointerup', () => {
    isDragging = false;
  });
  divider.addEventListener('keydown', (event) => {
    if (event.key === 'ArrowLeft' || event.key === 'ArrowDown') moveTo(percent - STEP);
    else if (event.key === 'ArrowRight' || event.key === 'ArrowUp') moveTo(percent + STEP);
    else return;
    event.preventDefault();
  });
}
