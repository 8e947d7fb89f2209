/**
 * The table of everything that `traces to opentelemetry` refuses, SP13xx. docs/errors/plugins.md is written from it.
 */
import { pluginErrors } from '@sluice/core/plugin';

export const otelError = pluginErrors({
  SP1301: {
    message: '`{value}` is not a URL',
    fix: 'Write the address of a collector that takes OTLP over HTTP, such as `http://127.0.0.1:4318`.',
  },
  SP1302: {
    message: 'the URL `{value}` is not of http or https',
    fix: 'Write an http or https URL. Collectors take OTLP over HTTP on port 4318 by default, and gRPC, which is not spoken here, on 4317.',
  },
  SP1303: {
    message: 'a URL with a user would show the password in logs',
    fix: 'Remove the user from the URL, and write `authorization secret "NAME"`.',
  },
  SP1304: {
    message: '`{name}` is a secret or has placeholders, and is the same for all requests',
    fix: 'Write it as it is.',
  },
  SP1305: {
    message: 'the value of `authorization` is not a secret',
    fix: 'Write `authorization secret "NAME"`, and keep the value of the header Authorization, such as `Bearer …`, in that secret.',
  },
});
