import { readFile, writeFile } from 'node:fs/promises';

/** Replaces each `{{name}}` of a file by its value. */
export async function fillIn(file: string, values: Record<string, string>): Promise<void> {
  const template = await readFile(file, 'utf8');
  await writeFile(
    file,
    template.replace(/\{\{(\w+)\}\}/g, (_, name: string) => values[name] ?? ''),
  );
}
