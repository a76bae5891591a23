import { Document, visit } from 'yaml';

/**
 * Plain data as YAML, which YAML 1.1, as programs in Go read it, and YAML 1.2 read as the same values.
 *
 * @param mapText applied to every value that is a text
 */
export function yamlOf(data: unknown, mapText: (text: string) => string = (text) => text): string {
  const document = new Document(data, {
    version: '1.2',
    schema: 'core',
    compat: 'yaml-1.1',
    aliasDuplicateObjects: false,
  });
  visit(document, {
    Scalar(key, node) {
      if (key !== 'key' && typeof node.value === 'string') node.value = mapText(node.value);
    },
  });
  return document.toString({ lineWidth: 0 });
}
