#!/usr/bin/env node
import process from 'node:process';
import { main } from './doctor/main.ts';

void main(process.argv.slice(2), process).then((status) => {
  process.exitCode = status;
});
