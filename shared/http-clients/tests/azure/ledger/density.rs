//! What the ledger costs on Table storage, where each request is billed: by how many log events share ten seconds.

use std::io::{self, Write};

use relay::Settled;
use relay::journal::Journal;

use super::Backend;
use super::scenarios::{Backend as _, DAYS, claim, lease, settle};

/// Requests a distinct event, of so many events a second for 200 seconds, in bodies of 50: each body comes three times in
/// random order, 20 bodies an invocation.
async fn transactions(backend: &Backend, events_per_second: usize) -> f64 {
    let requests = || -> u64 { backend.faults.injected().values().sum() };
    let before = requests();
    let count = events_per_second * 200;
    let ids: Vec<String> = (0..count)
        .map(|number| {
            let second = number / events_per_second;
            let (minute, second) = (second / 60, second % 60);
            format!("90020261121100{minute}{second:02}{number:021}")
        })
        .collect();
    let bodies: Vec<&[String]> = ids.chunks(50).collect();
    let mut messages = [bodies.clone(), bodies.clone(), bodies].concat();
    fastrand::Rng::with_seed(1).shuffle(&mut messages);
    let journal = Journal::new(backend.rows(), DAYS);
    let sink = backend.sink(&format!("of-{events_per_second}"));
    for batch in messages.chunks(20) {
        let of_batch = batch.iter().copied().flatten().map(String::as_str);
        let mut of_batch: Vec<&str> = of_batch.collect();
        of_batch.sort_unstable();
        of_batch.dedup();
        let claims = claim(&journal, &sink, &of_batch, &lease(0)).await;
        let fates = vec![Some(Settled::Delivered); of_batch.len()];
        settle(&journal, claims, &fates).await;
    }
    let made = u32::try_from(requests() - before).unwrap();
    f64::from(made) / f64::from(u32::try_from(count).unwrap())
}

pub(super) async fn an_event_costs_less_than_a_seventh_of_a_transaction_at_a_hundred_a_second(
    backend: &Backend,
) {
    for events_per_second in [10, 100] {
        let transactions = transactions(backend, events_per_second).await;
        let told =
            format_args!("{events_per_second} a second: {transactions:.3} transactions an event");
        writeln!(io::stderr(), "{told}").unwrap();
        assert!(events_per_second < 100 || transactions <= 0.15, "{told}");
    }
}
