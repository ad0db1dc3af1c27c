//! Bodies that are too large to be held.

use std::sync::Mutex;

use super::*;

/// Holds a hundred bytes, and counts what it gets in pieces.
struct Pieces;

impl Handler for Pieces {
    async fn answer(&self, mut call: Call) -> Reply {
        let bytes = Arc::new(Mutex::new(Vec::new()));
        let pieces = Arc::clone(&bytes);
        let add = move |piece: &[u8]| pieces.lock().unwrap().extend_from_slice(piece);
        let held = call.body_or_pieces(100, Box::new(add)).await;
        let held = held.unwrap().map(|body| body.len());
        let in_pieces = bytes.lock().unwrap();
        // What is sent is the alphabet over and over.
        let mut letters = in_pieces.iter().zip((b'a'..=b'z').cycle());
        assert!(letters.all(|(byte, letter)| *byte == letter));
        let in_pieces = in_pieces.len();
        Reply::new(200, format!("{held:?}, {in_pieces}"))
    }
}

fn alphabet(bytes: usize) -> String {
    ('a'..='z').cycle().take(bytes).collect()
}

#[tokio::test]
async fn a_body_that_is_too_large_comes_in_pieces_and_no_other() {
    let running = start_as(|_paths| Pieces, LONG).await;
    for (bytes, expected) in [
        (0, "Some(0), 0"),
        (100, "Some(100), 0"),
        (101, "None, 101"),
        (1_000_000, "None, 1000000"),
    ] {
        let body = alphabet(bytes);
        check(
            &exchange(running.port, &post("/", &body)).await,
            200,
            expected,
        );
        let chunks = body.as_bytes().chunks(90);
        let chunks = chunks.map(|chunk| {
            let text = str::from_utf8(chunk).unwrap();
            format!("{:x}\r\n{text}\r\n", chunk.len())
        });
        let chunks: String = chunks.collect();
        let head =
            "POST / HTTP/1.1\r\nhost: h\r\nconnection: close\r\ntransfer-encoding: chunked\r\n\r\n";
        let request = format!("{head}{chunks}0\r\n\r\n");
        check(&exchange(running.port, &request).await, 200, expected);
    }
}
