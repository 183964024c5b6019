import { relative } from 'node:path';
import ts from 'typescript';

/** What somebody reads who follows the calls of one function through lib/. */
interface Reading {
  readonly files: Set<string>;
  readonly functions: Set<ts.Node>;
  readonly concepts: Set<ts.Symbol>;
}

const ROOT = ts.sys.getCurrentDirectory();
const config = ts.readConfigFile('tsconfig.build.json', ts.sys.readFile.bind(ts.sys));
const { fileNames, options } = ts.parseJsonConfigFileContent(config.config, ts.sys, ROOT);
const program = ts.createProgram(fileNames, options);
const checker = program.getTypeChecker();
const sources = program.getSourceFiles().filter(({ fileName }) => fileNames.includes(fileName));

function pathOf(node: ts.Node): string {
  return relative(ROOT, node.getSourceFile().fileName);
}

function isOurs(node: ts.Node): boolean {
  return sources.includes(node.getSourceFile());
}

function symbolAt(node: ts.Node): ts.Symbol | undefined {
  const symbol = checker.getSymbolAtLocation(node);
  const isAlias = symbol !== undefined && (symbol.flags & ts.SymbolFlags.Alias) !== 0;
  return isAlias ? checker.getAliasedSymbol(symbol) : symbol;
}

type Body = ts.FunctionLikeDeclaration & { readonly body: ts.Node };

function hasBody(node: ts.Node): node is Body {
  return ts.isFunctionLike(node) && 'body' in node && node.body !== undefined;
}

function follow(start: Body, reading: Reading): void {
  if (reading.functions.has(start)) return;
  reading.functions.add(start);
  reading.files.add(pathOf(start));
  const visit = (node: ts.Node): void => {
    if (ts.isIdentifier(node) || ts.isPrivateIdentifier(node)) {
      const symbol = symbolAt(node);
      for (const declaration of symbol?.declarations ?? []) {
        if (!isOurs(declaration)) continue;
        if (hasBody(declaration)) follow(declaration, reading);
        const isConcept =
          ts.isTypeAliasDeclaration(declaration) ||
          ts.isInterfaceDeclaration(declaration) ||
          ts.isClassDeclaration(declaration);
        if (isConcept && symbol !== undefined) reading.concepts.add(symbol);
      }
    }
    node.forEachChild(visit);
  };
  start.forEachChild(visit);
}

function functionNamed(name: string): Body | undefined {
  let found: Body | undefined;
  const visit = (node: ts.Node): void => {
    const isNamed = hasBody(node) && node.name?.getText() === name;
    if (isNamed) found ??= node;
    node.forEachChild(visit);
  };
  for (const source of sources) visit(source);
  return found;
}

const start = functionNamed(process.argv[2] ?? 'logoutHandler');
if (start === undefined) throw new Error('There is no such function');
const reading: Reading = { files: new Set(), functions: new Set(), concepts: new Set() };
follow(start, reading);
console.log({
  lines: sources.reduce((sum, source) => sum + source.getLineStarts().length - 1, 0),
  files: sources.length,
  followed: {
    files: reading.files.size,
    functions: reading.functions.size,
    concepts: reading.concepts.size,
  },
});
if (process.argv[3] !== undefined) console.log([...reading.files].sort().join('\n'));
