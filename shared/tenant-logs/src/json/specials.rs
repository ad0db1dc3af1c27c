//! Where the quotes, backslashes and control characters of a text are: what every reader of JSON goes by.

use wide::u8x16;

/// Bytes of a block, and bits of its mask.
const BLOCK: usize = 64;

/// Every block of a text: where it begins, and a bit for each special byte in it, the first byte's the lowest.
///
/// The way to go where every special byte is wanted; to find one string's end, [`plain_bytes`] stops in time.
pub(crate) fn blocks(text: &[u8]) -> impl Iterator<Item = (usize, u64)> {
    (0..text.len())
        .step_by(BLOCK)
        .map(|begin| (begin, mask(text.get(begin..).unwrap_or_default())))
}

/// How many bytes come before the first special one.
#[inline]
pub(super) fn plain_bytes(text: &[u8]) -> usize {
    let mut plain = 0;
    let mut rest = text;
    // Sixteen bytes at a time: most strings of a log event end in the first or second step.
    while let Some((chunk, after)) = rest.split_first_chunk() {
        let special = special_bytes(chunk);
        if special != 0 {
            return plain + place(special);
        }
        plain += chunk.len();
        rest = after;
    }
    let is_special = |byte: &u8| matches!(byte, b'"' | b'\\' | ..b' ');
    plain + rest.iter().position(is_special).unwrap_or(rest.len())
}

/// The place of a mask's lowest bit.
#[inline]
pub(crate) fn place(mask: u64) -> usize {
    usize::try_from(mask.trailing_zeros()).unwrap_or_default()
}

/// A bit for each special byte of the block at the start of a text.
fn mask(text: &[u8]) -> u64 {
    if let Some(block) = text.first_chunk() {
        return mask_of(block);
    }
    let mut block = [b' '; BLOCK];
    for (place, byte) in block.iter_mut().zip(text) {
        *place = *byte;
    }
    mask_of(&block)
}

#[inline]
fn mask_of(block: &[u8; BLOCK]) -> u64 {
    let (chunks, _) = block.as_chunks();
    let masks = chunks.iter().map(special_bytes);
    masks.rev().fold(0, |mask, chunk| mask << 16 | chunk)
}

/// A bit for each of sixteen bytes that is special.
#[inline]
fn special_bytes(chunk: &[u8; 16]) -> u64 {
    let chunk = u8x16::new(*chunk);
    let last_control = u8x16::splat(0x1f);
    let special = chunk.simd_eq(u8x16::splat(b'"'))
        | chunk.simd_eq(u8x16::splat(b'\\'))
        | chunk.max(last_control).simd_eq(last_control);
    u64::from(special.to_bitmask())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn exactly_quotes_backslashes_and_control_characters_are_special() {
        for byte in 0..=u8::MAX {
            let is_special = byte == b'"' || byte == b'\\' || byte < 0x20;
            for length in [1, 15, 16, 17, 63, 64, 65, 130] {
                for at in 0..length {
                    let mut text = vec![b'.'; length];
                    text[at] = byte;
                    let first = if is_special { at } else { length };
                    assert_eq!(plain_bytes(&text), first, "{byte} at {at} of {length}");
                    let found: Vec<usize> = blocks(&text)
                        .filter(|(_, mask)| *mask != 0)
                        .map(|(begin, mask)| begin + place(mask))
                        .collect();
                    let expected: &[usize] = if is_special { &[at] } else { &[] };
                    assert_eq!(found, expected, "{byte} at {at} of {length}");
                }
            }
        }
    }
}
