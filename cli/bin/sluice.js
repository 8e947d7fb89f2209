#!/usr/bin/env node
/*
 * The way into the command. Must be readable by Node.js versions far too old to run it, so that they can be told: nothing
 * newer than ES2015 and `import()` may stand here.
 */
var version = process.versions.node;
var parts = version.split('.');
var major = Number(parts[0]);
var minor = Number(parts[1]);

if (major < 22 || (major === 22 && minor < 12)) {
  process.stderr.write(`sluice needs Node.js 22.12 or newer; this is ${version}\n`);
  process.exitCode = 1;
} else {
  keepCompiled();
  /* `run` has a process of its own that starts it; see docs/operations.md. */
  (process.argv[2] === 'run' ? superviseOrRun() : main()).catch((error) => {
    process.stderr.write(`sluice: cannot be loaded: ${error.message}; in a checkout, run \`npm run build\` first\n`);
    process.exitCode = 1;
  });
}

function main() {
  return import('../dist/main.js').then((command) => void command.main(process.argv));
}

function superviseOrRun() {
  return import('../dist/supervisor/index.js').then((supervisor) =>
    supervisor.isSupervisable(process.argv) ? supervisor.supervise(process.argv) : main(),
  );
}

/*
 * Keeps what V8 compiled for the next start, which is a tenth of a second faster then. Only in a folder of the user's own: whoever
 * can write to it decides what runs. Whoever sets NODE_COMPILE_CACHE or NODE_DISABLE_COMPILE_CACHE has decided already.
 */
function keepCompiled() {
  var env = process.env;
  var cache = env.XDG_CACHE_HOME || (env.HOME ? `${env.HOME}/.cache` : '');
  if (cache.charAt(0) !== '/' || env.NODE_COMPILE_CACHE || env.NODE_DISABLE_COMPILE_CACHE) return;
  process.getBuiltinModule('node:module').enableCompileCache(`${cache}/sluice`);
}
