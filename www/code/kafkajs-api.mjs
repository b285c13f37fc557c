// kafkajs's type definitions as a table for the editor, made when the page is built.
//
// `types`: each a list of members; `module`: the type of what `require('kafkajs')` gives. A member has `name`, `kind`
// (class, enum, method or property), `type` as the definitions have it, `doc` (its first sentence, if any); `of`: the
// type of its value, or of what it returns; `takes`: the types of its parameters; `values`: names of what it may be, if
// that is an enumeration of kafkajs's. A promise or a list stands for what
// is in it. A number is a place in `types`; it is absent where the type is not one of kafkajs's.
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import ts from 'typescript';

/** Characters of a type at the most. */
const TYPE_MAX = 200;

const FILE = join(dirname(createRequire(import.meta.url).resolve('kafkajs/package.json')), 'types/index.d.ts');

export function kafkajsApi() {
  const program = ts.createProgram([FILE], { target: ts.ScriptTarget.ES2020, strict: true, types: [] });
  const source = program.getSourceFile(FILE);
  const table = new Table(program.getTypeChecker(), source);
  const checker = program.getTypeChecker();
  const exported = checker.getExportsOfModule(checker.getSymbolAtLocation(source));
  const values = exported.filter((symbol) => symbol.flags & ts.SymbolFlags.Value);
  return { module: table.add(values), types: table.types };
}

class Table {
  types = [];
  #checker;
  #source;
  #places = new Map();

  constructor(checker, source) {
    this.#checker = checker;
    this.#source = source;
  }

  /** A type of these members; its place. */
  add(symbols, type = {}) {
    const place = this.types.length;
    this.types.push([]);
    // Before its members: one of them may have this very type.
    this.#places.set(type, place);
    this.types[place] = symbols.map((symbol) => this.#member(symbol));
    return place;
  }

  /** The place of a type; none where it has no members of kafkajs's. */
  #place(type) {
    const inner = this.#unwrapped(type);
    if (this.#places.has(inner)) return this.#places.get(inner);
    const names = new Map();
    for (const one of inner.isUnion() ? inner.types : [inner]) {
      // A union's alternatives together: the reader has not yet said which it is.
      for (const symbol of this.#membersOf(this.#unwrapped(one))) {
        if (!names.has(symbol.name)) names.set(symbol.name, symbol);
      }
    }
    return names.size > 0 ? this.add([...names.values()], inner) : undefined;
  }

  #membersOf(type) {
    const isOurs = (symbol) => symbol.declarations?.some((one) => one.getSourceFile() === this.#source);
    const isForbidden = (symbol) => this.#checker.getTypeOfSymbol(symbol).flags & ts.TypeFlags.Never;
    return this.#checker.getPropertiesOfType(type).filter((symbol) => isOurs(symbol) && !isForbidden(symbol));
  }

  #unwrapped(type) {
    const present = this.#checker.getNonNullableType(type);
    const settled = this.#checker.getAwaitedType(present) ?? present;
    if (!this.#checker.isArrayType(settled)) return settled;
    return this.#unwrapped(this.#checker.getTypeArguments(settled)[0]);
  }

  #member(symbol) {
    const checker = this.#checker;
    const type = checker.getNonNullableType(checker.getTypeOfSymbol(symbol));
    const made = type.getConstructSignatures()[0];
    const signature = made ?? type.getCallSignatures()[0];
    const declaration = symbol.declarations[0];
    const value = signature ? signature.getReturnType() : type;
    const member = { name: symbol.name, kind: kindOf(symbol, made, signature), type: typeText(declaration) };
    const doc = this.#doc(symbol);
    if (doc) member.doc = doc;
    const of = this.#place(value);
    if (of !== undefined) member.of = of;
    const takes = (signature?.parameters ?? []).map((one) => this.#place(checker.getTypeOfSymbol(one)) ?? null);
    if (takes.some((one) => one !== null)) member.takes = takes;
    const values = symbol.flags & ts.SymbolFlags.Property ? this.#values(type) : [];
    if (values.length > 0) member.values = values;
    return member;
  }

  #values(type) {
    const all = type.isUnion() ? type.types : [type];
    const names = all.filter((one) => one.flags & ts.TypeFlags.EnumLiteral).map((one) => this.#checker.typeToString(one));
    return names.length === all.length ? names : [];
  }

  #doc(symbol) {
    const text = ts.displayPartsToString(symbol.getDocumentationComment(this.#checker));
    const tags = symbol.getJsDocTags(this.#checker).filter(({ name }) => name === 'deprecated');
    const words = text || tags.map((tag) => `Deprecated: ${ts.displayPartsToString(tag.text)}`).join('');
    return words.split(/(?<=\.)\s|\n\n/)[0].replace(/\s+/g, ' ').trim();
  }
}

function kindOf(symbol, made, signature) {
  if (made) return 'class';
  if (symbol.flags & ts.SymbolFlags.Enum) return 'enum';
  return signature ? 'method' : 'property';
}

/** `?: string` or `(topic: string): void`, as it stands in the definitions. */
function typeText(declaration) {
  const { parameters, type, questionToken, kind } = declaration;
  if (kind === ts.SyntaxKind.EnumDeclaration || kind === ts.SyntaxKind.ClassDeclaration) return '';
  if (kind === ts.SyntaxKind.EnumMember) return declaration.initializer ? ` = ${declaration.initializer.getText()}` : '';
  const taken = parameters ? `(${parameters.map((one) => one.getText()).join(', ')})` : '';
  const text = `${questionToken ? '?' : ''}${taken}${type ? `: ${type.getText()}` : ''}`
    .replace(/\/\*.*?\*\//gs, '')
    .replace(/\s+/g, ' ');
  return text.length > TYPE_MAX ? `${text.slice(0, TYPE_MAX)} …` : text;
}
