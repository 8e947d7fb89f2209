/**
 * The table of everything that discovery by a file cannot read, SP07xx. docs/errors/plugins.md is written from it.
 */
import { pluginErrors } from '@sluice/core/plugin';

export const fileError = pluginErrors({
  SP0701: {
    message: 'there is no such file',
    fix: 'Check the path, which is relative to the folder of the rule file. Until the file exists, the last known servers stay in use.',
  },
  SP0702: {
    message: 'the file cannot be read ({reason})',
    fix: 'Make the file readable for the gateway’s user.',
  },
  SP0703: {
    message: 'this is not a file',
    fix: 'Name a regular file, not a folder or device.',
  },
  SP0704: {
    message: 'the file is larger than {most} bytes',
    fix: 'Make the file smaller, or split the servers over several backends.',
  },
  SP0705: {
    message: 'the file is not UTF-8',
    fix: 'Write the file as UTF-8.',
  },
  SP0706: {
    message: 'the file lists no server; for an empty list, use a `.json` file that contains `[]`',
    fix: 'List at least one server. An empty text file looks like one that is still being written, so it is ignored.',
  },
});
