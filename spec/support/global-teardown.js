export { removePrograms as default } from './compile-programs.js';
