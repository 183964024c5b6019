#!/usr/bin/env node
import process from 'node:process';
import { main } from './doctor/main.ts';

// Who reads the output may stop, as `head` does.
for (const stream of [process.stdout, process.stderr]) {
  stream.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code !== 'EPIPE') throw error;
  });
}

void main(process.argv.slice(2), process).then((status) => {
  process.exitCode = status;
});
