// A textarea as the editor: what is there until the rich one has come, and where it cannot.

/** What Tab types. */
const INDENT = '  ';

export class PlainEditor {
  #area = document.createElement('textarea');

  /** `changed(text)` is told what the reader typed. */
  constructor(element, changed) {
    const area = this.#area;
    Object.assign(area, { className: 'plain-editor', spellcheck: false, autocapitalize: 'off' });
    area.setAttribute('aria-label', element.dataset.label ?? '');
    area.addEventListener('input', () => changed(area.value));
    area.addEventListener('keydown', (event) => {
      if (event.key !== 'Tab' || event.shiftKey || event.ctrlKey || event.metaKey) return;
      event.preventDefault();
      area.setRangeText(INDENT, area.selectionStart, area.selectionEnd, 'end');
      changed(area.value);
    });
    element.replaceChildren(area);
  }

  show(name, text) {
    this.#area.value = text;
    this.#area.dataset.file = name;
  }
}
