// Marks what the editor's parser could not read: a syntax error, before the program is run.
import { syntaxTree } from '@codemirror/language';
import { Decoration, ViewPlugin } from '@codemirror/view';

/** Marks shown at the most: one mistake may spoil all that follows. */
const MARKS_MAX = 20;

const mark = Decoration.mark({ class: 'syntax-error' });

function marks(view) {
  const found = [];
  syntaxTree(view.state).iterate({
    enter: ({ type, from, to }) => {
      if (!type.isError || found.length >= MARKS_MAX) return;
      // Something is missing here: the character before it shows where.
      const start = from === to ? Math.max(0, from - 1) : from;
      const end = Math.min(Math.max(to, start + 1), view.state.doc.length);
      if (start < end) found.push(mark.range(start, end));
    },
  });
  return Decoration.set(found, true);
}

export const mistakes = ViewPlugin.fromClass(
  class {
    constructor(view) {
      this.marks = marks(view);
      this.tree = syntaxTree(view.state);
    }

    update({ view, state }) {
      const tree = syntaxTree(state);
      if (tree === this.tree) return;
      this.tree = tree;
      this.marks = marks(view);
    }
  },
  { decorations: (plugin) => plugin.marks },
);
