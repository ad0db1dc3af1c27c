//! The journal with its driver, on the store in memory and on stores that fail; then what a row is like.

mod stores;
mod writes;

use tenant_logs::sha256_hex;

use super::*;
use bucket::bucket_key;
use stores::{Crowded, Faulty, Keeping};

const DAYS: u16 = 35;

fn lease(begins: i64, seconds: i64) -> Lease {
    Lease {
        begins: Timestamp::from_second(begins).unwrap(),
        ends: Timestamp::from_second(begins + seconds).unwrap(),
        may_reclaim_dead_lettered: false,
    }
}

fn soon() -> Instant {
    Instant::now() + Duration::from_mins(1)
}

fn journal() -> Journal<MemoryStore> {
    Journal::new(MemoryStore::default(), DAYS)
}

/// Log ids of Auth0's form, all of one second.
fn ids(count: usize) -> Vec<String> {
    let ids = (0..count).map(|number| format!("90020261121100001{number:021}"));
    ids.collect()
}

fn texts(ids: &[String]) -> Vec<&str> {
    ids.iter().map(String::as_str).collect()
}

async fn claim<S: Store>(journal: &Journal<S>, ids: &[&str], begins: i64) -> Claims {
    journal.claim("http", ids, &lease(begins, 30), soon()).await
}

/// Claims and settles all as one.
async fn note<S: Store>(journal: &Journal<S>, ids: &[&str], begins: i64, fate: Option<Settled>) {
    let claims = claim(journal, ids, begins).await;
    assert_eq!(claims.claims, vec![Claim::Claimed; ids.len()]);
    let fates = vec![fate; ids.len()];
    journal
        .settle(claims.tickets, &fates, soon())
        .await
        .unwrap();
}

#[tokio::test]
async fn each_two_thousand_log_events_of_a_bucket_are_a_row() {
    let journal = journal();
    let ids = ids(4_001);
    let ids = texts(&ids);
    let claims = claim(&journal, &ids, 0).await;
    assert_eq!(claims.claims, vec![Claim::Claimed; 4_001]);
    let rows = journal.store.rows(&bucket_key("http", ids[0]));
    let counts: Vec<usize> = rows.iter().map(|row| row.ids.len()).collect();
    assert_eq!(counts, [2_000, 2_000, 1]);
    let of_each = (0..ids.len()).map(|index| match index % 3 {
        0 => Some(Settled::Delivered),
        1 => Some(Settled::SetAside),
        _ => None,
    });
    let of_each: Vec<_> = of_each.collect();
    journal
        .settle(claims.tickets, &of_each, soon())
        .await
        .unwrap();
    let looked = journal.look("http", &ids, Timestamp::from_second(1).unwrap(), soon());
    for (index, standing) in looked.await.unwrap().into_iter().enumerate() {
        let expected = [Standing::Delivered, Standing::SetAside, Standing::Free];
        assert_eq!(standing, expected[index % 3], "{index}");
    }
}

#[tokio::test]
async fn a_bucket_that_cannot_be_claimed_hands_its_own_back_and_the_others_go_on() {
    let journal = Journal::new(Faulty::bucket(&bucket_key("http", "b")), DAYS);
    let claims = claim(&journal, &["a", "b", "c"], 0).await;
    assert_eq!(claims.claims, [Claim::Claimed, Claim::Busy, Claim::Claimed]);
    let failure = crate::chain(&claims.failure.unwrap()).to_string();
    assert_eq!(
        failure,
        "claim 1 log events of sink `http`: the store is faulty"
    );
    let fates = [Some(Settled::Delivered); 3];
    journal
        .settle(claims.tickets, &fates, soon())
        .await
        .unwrap();
    let again = claim(&journal, &["a", "c"], 1).await;
    assert_eq!(again.claims, [Claim::Known(Settled::Delivered); 2]);
    assert!(again.tickets.is_empty());
}

#[tokio::test]
async fn what_can_be_settled_is_although_one_bucket_cannot() {
    let faulty = Faulty::new(|call, bucket| call == "write" && bucket.ends_with(&sha256_hex(b"b")));
    let journal = Journal::new(faulty, DAYS);
    let claims = claim(&journal, &["a", "b", "c"], 0).await;
    let fates = [Some(Settled::Delivered); 3];
    let settled = journal.settle(claims.tickets, &fates, soon()).await;
    let failure = crate::chain(&settled.unwrap_err()).to_string();
    assert_eq!(failure, "settle 1 log events: the store is faulty");
    let again = claim(&journal, &["a", "b", "c"], 1).await;
    let known = Claim::Known(Settled::Delivered);
    assert_eq!(again.claims, [known, Claim::Busy, known]);
    // Its worker's lease is over, so it is sent again.
    let later = claim(&journal, &["b"], 40).await;
    assert_eq!(later.claims, [Claim::Claimed]);
}

#[tokio::test]
async fn a_put_without_an_answer_is_left_to_lapse() {
    let journal = Journal::new(Faulty::new(|call, _| call == "answer to add"), DAYS);
    let claims = claim(&journal, &["a"], 0).await;
    assert_eq!(claims.claims, [Claim::Busy]);
    assert!(claims.tickets.is_empty() && claims.failure.is_some());
    let bucket = bucket_key("http", "a");
    let rows = journal.store.within.rows(&bucket);
    assert_eq!(rows.len(), 1);
    assert_eq!((rows[0].ids.len(), rows[0].outcome()), (1, None));
}

#[tokio::test]
async fn with_no_time_left_nothing_is_asked() {
    let faulty = Faulty::new(|_, _| true);
    let journal = Journal::new(faulty, DAYS);
    let now = Instant::now();
    let claims = journal.claim("http", &["a"], &lease(0, 30), now).await;
    assert_eq!(claims.claims, [Claim::Busy]);
    assert_eq!(*journal.store.calls.lock().unwrap(), 0);
    let failure = crate::chain(&claims.failure.unwrap()).to_string();
    assert_eq!(
        failure,
        "claim 1 log events of sink `http`: no time was left"
    );
}

#[tokio::test(start_paused = true)]
async fn a_bucket_into_which_others_put_for_ever_is_given_up() {
    let journal = Journal::new(Crowded::default(), DAYS);
    let claims = claim(&journal, &["a"], 0).await;
    assert_eq!(claims.claims, [Claim::Busy]);
    assert!(claims.failure.is_none() && claims.tickets.is_empty());
    assert_eq!(*journal.store.puts.lock().unwrap(), 40);
}

/// Bytes of what a bucket holds after its log events, but for one, were handed back so many times.
async fn bytes_after_hand_backs<S: Store>(
    journal: &Journal<S>,
    memory: &MemoryStore,
    times: usize,
) -> usize {
    let ids = ids(1_001);
    let ids = texts(&ids);
    let (delivered, handed_back) = ids.split_at(1);
    note(journal, delivered, 0, Some(Settled::Delivered)).await;
    for begins in 1..=times {
        note(journal, handed_back, i64::try_from(begins).unwrap(), None).await;
    }
    let rows = memory.rows(&bucket_key("http", ids[0]));
    assert_eq!(rows.len(), times + 1);
    rows.iter().map(|row| row.id_bytes().len() + 100).sum()
}

#[tokio::test]
async fn a_sink_that_is_away_for_a_day_makes_a_bucket_grow_by_numbers_only() {
    let journal = journal();
    let bytes = bytes_after_hand_backs(&journal, &journal.store, 240).await;
    assert!(bytes < 40_000, "{bytes}");
}

#[tokio::test]
async fn what_is_handed_back_and_stays_in_its_row_would_be_noticed() {
    let keeping = Journal::new(Keeping(MemoryStore::with_capacity(1_000_000)), DAYS);
    let bytes = bytes_after_hand_backs(&keeping, &keeping.store.0, 240).await;
    assert!(bytes > 3_000_000, "{bytes}");
}

#[tokio::test]
async fn the_longest_unused_bucket_is_forgotten_and_never_one_with_a_live_claim() {
    let store = MemoryStore::with_capacity(3);
    let journal = Journal::new(store, DAYS);
    let now = Timestamp::now().as_second();
    let live = claim(&journal, &["live"], now).await;
    for id in ["a", "b", "c"] {
        note(&journal, &[id], now, Some(Settled::Delivered)).await;
    }
    let look = journal.look("http", &["live", "a", "b", "c"], Timestamp::now(), soon());
    let known = [
        Standing::Busy,
        Standing::Free,
        Standing::Delivered,
        Standing::Delivered,
    ];
    assert_eq!(look.await.unwrap(), known);
    // The look was a use: of b before c. Then the settled one may go as well.
    let fates = [Some(Settled::Delivered)];
    journal.settle(live.tickets, &fates, soon()).await.unwrap();
    note(&journal, &["d"], now, Some(Settled::Delivered)).await;
    note(&journal, &["e"], now, Some(Settled::Delivered)).await;
    let look = journal.look(
        "http",
        &["b", "c", "live", "d", "e"],
        Timestamp::now(),
        soon(),
    );
    let look = look.await.unwrap();
    let is_known: Vec<bool> = look.iter().map(|s| *s == Standing::Delivered).collect();
    assert_eq!(is_known, [false, false, true, true, true]);
}

#[tokio::test]
async fn what_a_sink_refuses_makes_nothing_forgotten_that_it_has() {
    let journal = Journal::new(MemoryStore::with_capacity(10), DAYS);
    note(&journal, &["a"], 0, Some(Settled::Delivered)).await;
    for number in 0..100 {
        note(&journal, &[&number.to_string()], 0, None).await;
    }
    let again = claim(&journal, &["a"], 1).await;
    assert_eq!(again.claims, [Claim::Known(Settled::Delivered)]);
}

#[tokio::test]
async fn the_oldest_are_forgotten_and_memory_stays_bounded() {
    let journal = Journal::new(MemoryStore::with_capacity(1_000), DAYS);
    let log_id = |number: usize| {
        format!(
            "900202611211{:02}{:02}1{number:022}",
            number / 600,
            number / 10 % 60
        )
    };
    for number in 0..20_000 {
        note(&journal, &[&log_id(number)], 0, Some(Settled::Delivered)).await;
        assert!(journal.store.weight() <= 1_000);
    }
    let now = Timestamp::from_second(1).unwrap();
    let [first, last] = [log_id(0), log_id(19_999)];
    let known = journal.look("http", &[&first, &last], now, soon()).await;
    assert_eq!(known.unwrap(), [Standing::Free, Standing::Delivered]);
}

#[test]
fn a_full_row_stays_below_forty_kilobytes_and_is_read_as_it_was_written() {
    let all: Vec<IdHash> = (0..MAX_ROW_IDS)
        .map(|n| IdHash::of(&n.to_string()))
        .collect();
    let row = Row {
        number: 7,
        owner: u64::MAX,
        lease_ends: 1_800_000_000_000,
        expires_at: 1_800_000_000,
        ids: all.clone(),
        outcomes: None,
    };
    let wanted = Wanted::new(&all);
    let check = |row: &Row, length: Option<usize>| {
        let (ids, outcome) = (row.id_bytes(), row.outcome());
        assert_eq!(outcome.as_ref().map(String::len), length);
        assert!(ids.len() + outcome.as_ref().map_or(0, String::len) < 35_000);
        let stored = StoredRow {
            number: row.number,
            owner: row.owner,
            lease_ends: row.lease_ends,
            expires_at: row.expires_at,
            ids: &ids,
            outcome: outcome.as_deref(),
        };
        assert_eq!(stored.seen(&wanted), Some(row.seen(&wanted)));
    };
    check(&row, None);
    let alike = vec![Some(Settled::SetAside); MAX_ROW_IDS];
    check(&row.clone().settled(&alike), Some(1));
    let mut mixed = alike;
    mixed[3] = Some(Settled::Delivered);
    check(&row.clone().settled(&mixed), Some(MAX_ROW_IDS));
    mixed[4] = None;
    check(&row.clone().settled(&mixed), Some(MAX_ROW_IDS - 1));
    check(&row.settled(&[]), None);
}

#[test]
fn a_row_that_nobody_here_wrote_is_not_read() {
    let wanted = Wanted::new(&[]);
    let seen = |ids: &[u8], outcome: Option<&str>| {
        let stored = StoredRow {
            number: 0,
            owner: 0,
            lease_ends: 0,
            expires_at: 0,
            ids,
            outcome,
        };
        stored.seen(&wanted).is_some()
    };
    assert!(seen(&[0; 32], None) && seen(&[0; 32], Some("d")) && seen(&[0; 32], Some("ds")));
    assert!(seen(&[], None));
    assert!(!seen(&[0; 31], None));
    assert!(!seen(&[0; 32], Some("dds")));
    assert!(!seen(&[0; 32], Some("x")));
    assert!(!seen(&[0; 32], Some("")));
}
