//! Where the quotes, backslashes and control characters of a text are, found sixty-four bytes at a time.
//!
//! Strings of a log event are short and of any length, so a loop that looks for each one's end is mispredicted at
//! almost every string. A mask of a whole block is made without a branch, and the next hit is its lowest bit.

/// Bytes of a block, and bits of its mask.
const BLOCK: usize = 64;

/// A text's special bytes, asked for in ascending order.
#[derive(Debug)]
pub(crate) struct Specials<'a> {
    text: &'a [u8],
    /// Where the block begins whose mask is held.
    begin: usize,
    mask: u64,
}

impl<'a> Specials<'a> {
    pub(crate) fn of(text: &'a [u8]) -> Self {
        Self {
            text,
            begin: 0,
            mask: mask(text, 0),
        }
    }

    /// The first special byte at this place or after it; the text's end where there is none.
    #[inline]
    pub(crate) fn next(&mut self, at: usize) -> usize {
        let block = at - at % BLOCK;
        if block != self.begin {
            self.begin = block;
            self.mask = mask(self.text, block);
        }
        let mut hits = self.mask & (u64::MAX << (at % BLOCK));
        while hits == 0 {
            self.begin += BLOCK;
            if self.begin >= self.text.len() {
                return self.text.len();
            }
            self.mask = mask(self.text, self.begin);
            hits = self.mask;
        }
        self.begin + usize::try_from(hits.trailing_zeros()).unwrap_or(BLOCK)
    }
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
