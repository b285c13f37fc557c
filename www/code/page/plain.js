// A textarea as the editor: what is there until the rich one has come, and where it cannot.

/** What Tab types. */
const INDENT = '  ';

export class PlainEditor {
  #area = document.createElement('textarea');

  /** `changed(text)` is told what the reader typed; `format()` is wanted by its key. */
  constructor(element, changed, format) {
    const area = this.#area;
    Object.assign(area, { className: 'plain-editor', spellcheck: false, autocapitalize: 'off' });
    area.setAttribute('aria-label', element.dataset.label ?? '');
    area.addEventListener('input', () => changed(area.value));
    area.addEventListener('keydown', (event) => {
      if (event.shiftKey && event.altKey && event.code === 'KeyF') {
        event.preventDefault();
        format();
      }
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

  /** Puts a text in the place of the one that is shown. */
  replace(text) {
    this.#area.select();
    // Out of date, and the only way that undo knows of.
    document.execCommand('insertText', false, text);
  }
}
