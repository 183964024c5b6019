import crypto from 'node:crypto';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import express from 'express';
import session from 'express-session';
import request from 'supertest';
import * as library from '../../../lib/index.ts';
import { PACKAGE } from '../../support/consumer-project.ts';
import { openPage } from '../../support/page.ts';

// In CommonJS, with the packed package, it runs by `npm run test:consumers`.
describe('the recipe for Jest', () => {
  const page = openPage('docs/recipes/jest.md');
  const app = {};
  const modules: Record<string, unknown> = {
    ...{ 'node:crypto': crypto, express, 'express-session': session, supertest: request },
    ...{ [PACKAGE]: library, './app.js': app },
  };
  const required = new Set<string>();
  const globals = {
    exports: app,
    require(name: string) {
      required.add(name);
      return modules[name];
    },
    ...{ afterEach, beforeEach, expect, test: it },
  };

  function run(code: string): void {
    // eslint-disable-next-line @typescript-eslint/no-implied-eval
    const program = new Function(...Object.keys(globals), code) as (...values: unknown[]) => void;
    program(...Object.values(globals));
  }

  run(page.take('js', 'exports.createApp'));
  run(page.take('js', 'oidcLogout('));

  it('names the packages that it takes', () => {
    const installed = page.take('sh', 'npm install').match(/(?<=^npm install .*)[a-z]\S+/gm) ?? [];
    const taken = [...required].filter((name) => !/^(?:node:|\.)/.test(name));
    expect(installed.sort()).toEqual([...taken, 'jest'].sort());
    expect(page.untaken()).toEqual([]);
  });
});
