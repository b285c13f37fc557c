// What an expression of a program is, as far as kafkajs's types say it: `new Kafka(…)`, what it returns, what its
// options are, and what it hands to functions. Types are places in the table of kafkajs-api.mjs.

/** Steps from an expression to what it is: a program may go in circles. */
const STEPS_MAX = 60;
const SCOPES = new Set(['Script', 'Block', 'ArrowFunction', 'FunctionDeclaration', 'FunctionExpression', 'Property', 'ForStatement']);

export class Inference {
  #api;
  #tree;
  #text;
  #steps = 0;

  /** `api`: the table. `text(from, to)`: of the program, whose syntax tree is `tree`. */
  constructor(api, tree, text) {
    this.#api = api;
    this.#tree = tree;
    this.#text = text;
  }

  /** Members of a type; none of none. */
  members(type) {
    return this.#api.types[type] ?? [];
  }

  /** The type of an expression's value. */
  typeOf(node) {
    return this.#what(node)?.of;
  }

  /** The type that an object literal (or a list of them) is to have where it stands. */
  wanted(literal) {
    const { parent } = literal;
    if (!parent) return undefined;
    switch (parent.name) {
      case 'ArgList':
        return this.#parameter(parent, literal);
      case 'Property': {
        const key = parent.getChild('PropertyDefinition');
        return key && key.to <= literal.from ? this.#member(this.wanted(parent.parent), key)?.of : undefined;
      }
      case 'ArrayExpression':
      case 'ParenthesizedExpression':
      case 'ConditionalExpression':
        return this.wanted(parent);
      case 'ArrowFunction':
        return this.#mapped(parent);
      default:
        return undefined;
    }
  }

  /** The type of what a pattern takes apart: `{ topic, message }` of a function, `{ Kafka }` of a module. */
  taken(pattern) {
    const { parent } = pattern;
    switch (parent?.name) {
      case 'VariableDeclaration':
        return this.typeOf(after(pattern, 'Equals'));
      case 'ParamList':
        return this.#handed(parent, pattern);
      case 'PatternProperty': {
        const key = parent.getChild('PropertyName');
        return key ? this.#member(this.taken(parent.parent), key)?.of : undefined;
      }
      case 'ForOfSpec':
        return this.typeOf(after(pattern, 'of'));
      case 'ImportDeclaration':
        return this.#module(parent.getChild('String'));
      default:
        return undefined;
    }
  }

  /** A member of the table, or the like: `of` is its value's type, `takes` those of its parameters. */
  #what(node) {
    this.#steps += 1;
    if (!node || this.#steps > STEPS_MAX) return undefined;
    switch (node.name) {
      case 'VariableName':
        return this.#variable(node);
      case 'MemberExpression':
        return this.#member(this.typeOf(node.firstChild), node.getChild('PropertyName'));
      case 'NewExpression':
        return valueOf(this.#what(node.getChild('VariableName') ?? node.getChild('MemberExpression')));
      case 'CallExpression':
        return this.#called(node);
      case 'AwaitExpression':
      case 'ParenthesizedExpression':
        return this.#what(node.firstChild.nextSibling);
      default:
        return undefined;
    }
  }

  #called(node) {
    const callee = node.firstChild;
    if (callee.name === 'VariableName' && this.#of(callee) === 'require') {
      const module = this.#module(node.getChild('ArgList')?.getChild('String'));
      return module === undefined ? undefined : { of: module };
    }
    return valueOf(this.#what(callee));
  }

  #variable(node) {
    const name = this.#of(node);
    const definition = this.#definition(name, node);
    return definition ? this.#defined(definition, name) : undefined;
  }

  #defined(definition, name) {
    const { parent } = definition;
    if (parent.name === 'PatternProperty') {
      return this.#member(this.taken(parent.parent), parent.getChild('PropertyName') ?? definition);
    }
    if (parent.name === 'ImportGroup') {
      const outer = definition.prevSibling?.name === 'as' ? definition.prevSibling.prevSibling : definition;
      return this.#member(this.#module(parent.parent.getChild('String')), outer);
    }
    if (parent.name === 'VariableDeclaration' && !(definition.nextSibling?.name === 'Equals')) return this.#assigned(name);
    if (parent.name === 'VariableDeclaration') return this.#what(after(definition, 'Equals'));
    const of = this.taken(definition);
    return of === undefined ? undefined : { of };
  }

  /** What the first assignment to a variable gives it. */
  #assigned(name) {
    let found;
    this.#tree.iterate({
      enter: ({ node }) => {
        if (found || node.name !== 'AssignmentExpression') return;
        const target = node.firstChild;
        if (target.name === 'VariableName' && this.#of(target) === name) found = after(target, 'Equals');
      },
    });
    return this.#what(found);
  }

  /** The definition of a name that is seen from a node: that of the innermost scope around it. */
  #definition(name, from) {
    let best;
    let narrowest = -1;
    this.#tree.iterate({
      enter: ({ node }) => {
        if (node.name !== 'VariableDefinition' || this.#of(node) !== name) return;
        const scope = scopeOf(node);
        if (scope.from > from.from || scope.to < from.to || scope.from <= narrowest) return;
        best = node;
        narrowest = scope.from;
      },
    });
    return best;
  }

  #member(type, key) {
    return key ? this.members(type).find(({ name }) => name === this.#of(key)) : undefined;
  }

  /** The type of a call's parameter. */
  #parameter(list, argument) {
    const callee = this.#what(list.parent.name === 'NewExpression' ? list.prevSibling : list.parent.firstChild);
    return callee?.takes?.[placeIn(list, argument)] ?? undefined;
  }

  /** The type of what kafkajs hands to a function's parameter: the function is an option of a typed object. */
  #handed(list, parameter) {
    const owner = list.parent;
    const property = owner.name === 'Property' ? owner : owner.parent;
    if (property?.name === 'Property') {
      const member = this.#member(this.wanted(property.parent), property.getChild('PropertyDefinition'));
      return member?.takes?.[placeIn(list, parameter)] ?? undefined;
    }
    return this.#looped(owner, placeIn(list, parameter));
  }

  /** In `list.map((one) => …)` and its like, what is in the list. */
  #looped(arrow, place) {
    const callee = arrow.parent?.name === 'ArgList' ? arrow.parent.prevSibling : undefined;
    const isLoop = callee?.name === 'MemberExpression' && /^(map|forEach|filter|find|some|every)$/.test(this.#of(callee.lastChild));
    return isLoop && place === 0 ? this.typeOf(callee.firstChild) : undefined;
  }

  /** What `list.map(() => ({ … }))` stands for. */
  #mapped(arrow) {
    const callee = arrow.parent?.name === 'ArgList' ? arrow.parent.prevSibling : undefined;
    const isMap = callee?.name === 'MemberExpression' && this.#of(callee.lastChild) === 'map';
    return isMap ? this.wanted(callee.parent) : undefined;
  }

  #module(string) {
    return string && /^['"]kafkajs['"]$/.test(this.#of(string)) ? this.#api.module : undefined;
  }

  #of({ from, to }) {
    return this.#text(from, to);
  }
}

/** What calling or making gives, which is no function any more. */
const valueOf = (member) => (member?.of === undefined ? undefined : { of: member.of });

/** The expression behind a sign that follows a node. */
function after(node, sign) {
  let at = node;
  while (at && at.name !== sign) at = at.nextSibling;
  return at?.nextSibling ?? undefined;
}

function scopeOf(definition) {
  let at = definition.parent;
  while (at.parent && !SCOPES.has(at.name)) at = at.parent;
  return at;
}

/** The place of an element between a list's brackets and commas. */
function placeIn(list, element) {
  let place = 0;
  for (let at = list.firstChild; at && at.from < element.from; at = at.nextSibling) if (at.name === ',') place += 1;
  return place;
}
