//! Where the quotes, backslashes and control characters of a text are, found sixty-four bytes at a time.
//!
//! A mask of a whole block is made without a branch, and the next hit is its lowest bit. That is the faster way where
//! every hit is wanted; to find one string's end, a few words from its begin on, `scan` has another.

/// Bytes of a block, and bits of its mask.
const BLOCK: usize = 64;

/// Every block of a text: where it begins, and its mask.
pub(crate) fn blocks(text: &[u8]) -> impl Iterator<Item = (usize, u64)> {
    (0..text.len())
        .step_by(BLOCK)
        .map(|begin| (begin, mask(text, begin)))
}

/// A bit for each byte of the block that begins here, the first byte's the lowest.
fn mask(text: &[u8], begin: usize) -> u64 {
    let rest = text.get(begin..).unwrap_or_default();
    if let Some(block) = rest.first_chunk() {
        return mask_of(block);
    }
    let mut block = [b' '; BLOCK];
    for (place, byte) in block.iter_mut().zip(rest) {
        *place = *byte;
    }
    mask_of(&block)
}

// Inlined where registers are short it loses its vectors.
#[inline(never)]
fn mask_of(block: &[u8; BLOCK]) -> u64 {
    // Plain loops over arrays: the compiler turns them into a handful of vector instructions.
    let mut flags = [0; BLOCK];
    for (flag, byte) in flags.iter_mut().zip(block) {
        *flag = u8::from(*byte == b'"') | u8::from(*byte == b'\\') | u8::from(*byte < b' ');
    }
    let (words, _) = flags.as_chunks::<8>();
    let mut mask = 0;
    for (place, word) in words.iter().enumerate() {
        mask |= bits(*word) << (8 * place);
    }
    mask
}

/// Eight flags of a byte each as eight bits: the product brings each to its place in the highest byte.
fn bits(flags: [u8; 8]) -> u64 {
    u64::from_le_bytes(flags).wrapping_mul(0x0102_0408_1020_4080) >> 56
}
