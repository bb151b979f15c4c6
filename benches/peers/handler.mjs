// A subscription's handler as people write it: decode, parse, look for words.
import { readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';

const WORDS = [
  'Execution failed',
  'Lambda execution failed',
  'Lambda invocation failed',
  'Method completed with status: 5',
];

const handler = (event) => {
  const packed = Buffer.from(event.awslogs.data, 'base64');
  const document = JSON.parse(gunzipSync(packed).toString('utf8'));
  const failed = new Set();
  for (const { message } of document.logEvents) {
    if (WORDS.some((word) => message.includes(word))) {
      failed.add(message.split(')', 1)[0].slice(1));
    }
  }
  return failed.size;
};

// Reads a payload, answers `failed requests, nanoseconds` for each run asked for.
const payload = readFileSync(process.argv[2]);
for (let run = 0; run < Number(process.argv[3]); run += 1) {
  const began = process.hrtime.bigint();
  // Lambda's runtime parses the event before the handler sees it.
  const failed = handler(JSON.parse(payload.toString('utf8')));
  console.log(failed, Number(process.hrtime.bigint() - began));
}
