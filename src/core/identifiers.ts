/** Identifiers of machines that identify nothing: shared by the server, which refuses them, and the agent, which avoids them. */

/** Identifiers that firmware and operating systems give to many machines alike (compared without case and spaces). */
const junkIdentifiers = new Set(
  [
    'To be filled by O.E.M.',
    'Default string',
    'System Serial Number',
    'System manufacturer',
    'System Product Name',
    'Base Board Serial Number',
    'Chassis Serial Number',
    'Not Applicable',
    'Not Available',
    'Not Specified',
    'Not Present',
    'Not Settable',
    'N/A',
    'None',
    'Null',
    'Nil',
    'Undefined',
    'Unknown',
    'Invalid',
    'Empty',
    'OEM',
    'O.E.M.',
    'INVALID',
    'xxxxxxxxxxxx',
    '123456789',
    '1234567890',
    '0123456789',
    '0123456789ABCDEF',
    '03000200-0400-0500-0006-000700080009',
    '00020003-0004-0005-0006-000700080009',
    '4C4C4544-0000-2010-8020-80C04F202020',
    '11111111-1111-1111-1111-111111111111',
    '12345678-1234-5678-90AB-CDDEEFAABBCC',
    '[object Object]',
  ].map(comparable),
);

/** Whether nothing is left of an identifier but zeros, F and punctuation. */
export function isBlankIdentifier(text: string): boolean {
  const bare = text.replace(/[\s:.\-_{}()]/g, '').replace(/^0x/i, '');
  return bare === '' || /^0+$/.test(bare) || /^f+$/i.test(bare);
}

/** Whether an identifier is known to be the same on many machines. */
export function isGenericIdentifier(text: string): boolean {
  return junkIdentifiers.has(comparable(text));
}

function comparable(text: string): string {
  return text.toLowerCase().replace(/\s/g, '');
}
