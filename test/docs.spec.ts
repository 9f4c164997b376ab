import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { anchorsOf, linksOf, markdownFiles, root, textOf, typescriptBlocks } from './support/markdown.js';
import { repositoryFiles } from './support/repository-files.js';
import { compile, writeSnippets } from './support/snippets.js';

const COMPILING_MS = 120_000;

const files = markdownFiles();
const snippets = writeSnippets('docs', files.flatMap(typescriptBlocks));
const asTests = snippets.filter(({ code }) => /^(describe|it|test)\(/m.test(code));
const runnable = snippets.filter((each) => each.notRun === undefined && !asTests.includes(each));

describe('the documents', () => {
  it(
    'have TypeScript that compiles, every block on its own',
    () => {
      expect(snippets.length).toBeGreaterThan(20);
      expect(compile(snippets).problems).toEqual([]);
    },
    COMPILING_MS,
  );

  it.each(runnable)('have a block that runs: $file:$line', async ({ path }) => {
    expect(await import(path)).toBeDefined();
  });

  it('link to files and headings that exist', () => {
    const broken = files.flatMap(linksOf).filter(({ file, target }) => {
      if (/^[a-z]+:/.test(target)) return false;
      const [path = '', anchor] = target.split('#');
      const linked = path === '' ? file : join(dirname(file), path);
      if (!existsSync(join(root, linked))) return true;
      return anchor !== undefined && !anchorsOf(linked).has(anchor);
    });
    expect(broken.map(({ file, line, target }) => `${file}:${line}: ${target}`)).toEqual([]);
  });
});

describe('the commands of the documents', () => {
  it('hand every option on to the command: npm takes one before the first other word for its own', () => {
    const commands = repositoryFiles(/\.md$/).flatMap((file) =>
      [...textOf(file).matchAll(/npx --no (.+)/g)].map(([, command = '']) => ({ file, command })),
    );
    expect(commands.length).toBeGreaterThan(10);
    expect(commands.filter(({ command }) => /^(?!-- )\S+ +-/.test(command))).toEqual([]);
  });
});

describe('the way through the code', () => {
  it('leads through files that exist', () => {
    const [, way = ''] = textOf('CONTRIBUTING.md').split('## The way through the code');
    const [steps = ''] = way.split('\n## ');
    const named = [
      ...steps.matchAll(/`((?:credentials|http|scheduler|signatures|strategies|providers)\/[^`]*)`/g),
    ].map(([, path = '']) => join('libs/payments-auth/src', path));
    expect(named.length).toBeGreaterThan(30);
    expect(named.filter((path) => !existsSync(join(root, path)))).toEqual([]);
    const sources = named.filter((path) => path.endsWith('.ts')).map(textOf);
    const functions = [...steps.matchAll(/`(\w+)\(\)`/g)].map(([, name = '']) => name);
    expect(functions.length).toBeGreaterThan(10);
    // A declaration: the name, what it takes, and the beginning of its body or of its type.
    const isDeclared = (name: string) =>
      sources.some((source) =>
        new RegExp(`^ *(?:export )?(?:async )?(?:function )?${name}(?:<[^(]*>)?\\(`, 'm').test(source),
      );
    expect(functions.filter((name) => !isDeclared(name))).toEqual([]);
  });

  it.each(['### A request', '### A refusal', '### A webhook'])('has a part of its own for: %s', (heading) => {
    expect(textOf('CONTRIBUTING.md')).toContain(`\n${heading}\n`);
  });
});

describe('the decisions', () => {
  it('name the case that they are for, each on its page', () => {
    const pages = repositoryFiles(/^docs\/decisions\/(?!README)[a-z-]+\.md$/);
    expect(pages.length).toBeGreaterThan(10);
    expect(pages.filter((page) => !textOf(page).includes('**For the case that** '))).toEqual([]);
  });
});

describe('the rules', () => {
  const rules = [...textOf('docs/rules.md').matchAll(/^### (R\d+)\. /gm)].map(([, rule]) => rule);

  it('are numbered from R1 to R21, each once and in order', () => {
    expect(rules).toEqual(Array.from({ length: 21 }, (_, index) => `R${index + 1}`));
  });

  it('begin, each of them, with the case that they are for', () => {
    const [, ...texts] = textOf('docs/rules.md').split(/^### (?=R\d+\. )/m);
    const withoutCase = texts.filter((text) => !/^R\d+\. .*\n\n\*\*For the case that\*\* \w/.test(text));
    expect(texts).toHaveLength(21);
    expect(withoutCase).toEqual([]);
  });

  it('exist wherever code, a test or a document refers to one', () => {
    const references = repositoryFiles(/\.(ts|mjs|js|md)$/).flatMap((file) =>
      [...textOf(file).matchAll(/(?<![\w#/-])R\d{1,2}(?![\w-])/g)].map(([rule]) => ({ file, rule })),
    );
    const inCode = references.filter(({ file }) => file.startsWith('libs/') && file.endsWith('.ts'));
    expect(inCode.length).toBeGreaterThan(20);
    expect(references.filter(({ rule }) => !rules.includes(rule))).toEqual([]);
  });
});

// Blocks that are tests themselves are collected here, and run beside the others.
for (const { path } of asTests) await import(path);
