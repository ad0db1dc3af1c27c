//! Every event type code that Auth0 documents or was seen to send, in byte order for the search.
//!
//! Names and categories are Auth0's (type-code page, log catalogue, filter page); the outcome and the meaning are
//! our own reading, because the prefix of a code tells neither. One line a code (the longest need more), so that a
//! changed code is a changed line.

mod a_to_f;
mod g_to_w;

use super::Known;

/// The parts, in order.
pub(super) static CATALOGUE: [&[Known]; 2] = [&a_to_f::CODES, &g_to_w::CODES];
