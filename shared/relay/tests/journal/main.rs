//! The journal's scenarios on the store in memory. The packages with the other stores run them too.
#![cfg(test)]

mod scenarios;

use relay::journal::{Journal, MemoryStore};
use scenarios::Backend;

#[derive(Default)]
struct Memory(MemoryStore);

impl Backend for Memory {
    fn journal(&self) -> Journal<impl relay::journal::Store> {
        Journal::new(&self.0, scenarios::DAYS)
    }

    fn sink(&self, name: &str) -> String {
        name.to_owned()
    }
}

scenarios::on!(in_memory, cfg(test), async { Memory::default() });
