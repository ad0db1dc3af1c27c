//! The sample is what its facts say, equal at every run, varied, and as large as a real log.

use std::collections::{BTreeMap, BTreeSet};
use std::io::Read;

use flate2::read::GzDecoder;
use serde_json::Value;

use super::mix::KINDS;
use super::*;

/// The elements of a body, as text and parsed.
fn elements(body: &SampleBody) -> Vec<Value> {
    let mut text = String::new();
    if body.is_gzipped {
        GzDecoder::new(body.bytes.as_slice())
            .read_to_string(&mut text)
            .unwrap();
    } else {
        text = String::from_utf8(body.bytes.clone()).unwrap();
    }
    match body.format {
        BodyFormat::Array => serde_json::from_str(&text).unwrap(),
        BodyFormat::Lines => text
            .lines()
            .map(|line| serde_json::from_str(line).unwrap())
            .collect(),
        BodyFormat::LogsObject => {
            let whole: BTreeMap<String, Vec<Value>> = serde_json::from_str(&text).unwrap();
            whole.into_values().next().unwrap()
        }
    }
}

fn events(sample: Sample) -> Vec<Value> {
    sample
        .bodies()
        .flat_map(|body| elements(&body))
        .filter(|element| element.get("log_id").is_some())
        .collect()
}

fn occurs(what: impl Fn(&Value) -> bool) -> usize {
    let all = events(Sample::default());
    all.iter().filter(|event| what(&event["data"])).count()
}

#[test]
fn the_default_sample_has_enough_events_and_codes() {
    assert!(Sample::default().facts().distinct_count >= 1_000);
    let all = events(Sample::default());
    let codes: BTreeSet<&str> = all
        .iter()
        .map(|event| event["data"]["type"].as_str().unwrap())
        .collect();
    assert_eq!(codes.len(), KINDS.len(), "{codes:?}");
    assert!(codes.len() >= 38);
}

#[test]
fn two_runs_are_equal() {
    let bytes = |body: SampleBody| body.bytes;
    let once: Vec<_> = Sample::new(3_000).bodies().map(bytes).collect();
    let twice: Vec<_> = Sample::new(3_000).bodies().map(bytes).collect();
    assert_eq!(once, twice);
}

#[test]
fn the_facts_say_what_the_bodies_hold() {
    for event_count in [0, 1, 2, 20, 21, 70, 71, 100, 999, 1_200, 5_000] {
        let sample = Sample::new(event_count);
        let mut seen = BTreeSet::new();
        let (mut repeat_count, mut poison_count) = (0, 0);
        for body in sample.bodies() {
            let mut in_body = (0, 0, 0);
            for element in elements(&body) {
                match element["log_id"].as_str() {
                    None => in_body.2 += 1,
                    Some(log_id) if seen.insert(log_id.to_owned()) => in_body.0 += 1,
                    Some(_) => in_body.1 += 1,
                }
            }
            let facts = body.facts;
            let said = (facts.distinct_count, facts.repeat_count, facts.poison_count);
            assert_eq!(in_body, said, "a body of {event_count}");
            repeat_count += in_body.1;
            poison_count += in_body.2;
        }
        let facts = sample.facts();
        assert_eq!(facts.distinct_count, event_count.max(1));
        assert_eq!(facts.repeat_count, repeat_count, "{event_count}");
        assert_eq!((facts.poison_count, poison_count), (1, 1), "{event_count}");
        assert_eq!(seen, sample.log_ids().collect(), "{event_count}");
    }
}

#[test]
fn about_two_events_of_a_hundred_are_repeated_with_the_same_bytes() {
    let facts = Sample::default().facts();
    assert_eq!((facts.distinct_count, facts.repeat_count), (1_200, 24));
    let mut first_seen: BTreeMap<String, (usize, Value)> = BTreeMap::new();
    let (mut in_same_body, mut later) = (0, 0);
    for (number, body) in Sample::default().bodies().enumerate() {
        for element in elements(&body) {
            let Some(log_id) = element["log_id"].as_str() else {
                continue;
            };
            match first_seen.get(log_id) {
                None => drop(first_seen.insert(log_id.to_owned(), (number, element))),
                Some((first, text)) => {
                    assert_eq!(*text, element);
                    *if *first == number {
                        &mut in_same_body
                    } else {
                        &mut later
                    } += 1;
                }
            }
        }
    }
    assert_eq!((in_same_body, later), (12, 12));
}

#[test]
fn the_poison_element_is_an_object_in_a_plain_array_and_no_log_event() {
    let poison: Value = serde_json::from_str(POISON).unwrap();
    assert!(poison.is_object() && poison.get("type").is_none() && poison.get("log_id").is_none());
    let mut bodies = Sample::default().bodies();
    let body = bodies.find(|body| body.facts.poison_count > 0).unwrap();
    assert_eq!((body.format, body.is_gzipped), (BodyFormat::Array, false));
    assert!(elements(&body).contains(&poison));
    assert!(
        body.facts.distinct_count >= 50,
        "it comes among good events"
    );
}

#[test]
fn every_format_occurs_and_arrays_are_most() {
    let mut forms = BTreeMap::new();
    for body in Sample::default().bodies() {
        let form = (format!("{:?}", body.format), body.is_gzipped);
        *forms.entry(form).or_insert(0) += 1;
    }
    let arrays = forms[&("Array".to_owned(), false)];
    assert_eq!(forms.len(), 5, "{forms:?}");
    assert!(arrays * 2 > forms.values().sum::<i32>(), "{forms:?}");
}

#[test]
fn the_promised_varieties_occur() {
    let text = |data: &Value, name: &str| data[name].as_str().unwrap_or_default().to_owned();
    let at_least = |count, what: &str, holds: &dyn Fn(&Value) -> bool| {
        let found = occurs(holds);
        assert!(found >= count, "{what}: {found}");
    };
    at_least(50, "IPv6", &|data| text(data, "ip").contains(':'));
    at_least(50, "scope as a string", &|data| data["scope"].is_string());
    at_least(50, "scope as an array", &|data| data["scope"].is_array());
    at_least(30, "null details", &|data| {
        data.get("details") == Some(&Value::Null)
    });
    at_least(5, "details as text", &|data| data["details"].is_string());
    at_least(10, "empty description", &|data| data["description"] == "");
    at_least(50, "no description", &|data| {
        data.get("description").is_none()
    });
    at_least(50, "empty connection_id", &|data| {
        data["connection_id"] == ""
    });
    at_least(50, "null client_ip", &|data| {
        data.get("client_ip") == Some(&Value::Null)
    });
    at_least(100, "isMobile", &|data| data["isMobile"].is_boolean());
    at_least(100, "is_mobile", &|data| data["is_mobile"].is_boolean());
    at_least(100, "location_info", &|data| {
        data["location_info"].is_object()
    });
    at_least(30, "auth0_client as an array", &|data| {
        data["auth0_client"].is_array()
    });
    at_least(1, "an unknown code", &|data| {
        data["type"] == "agent_session_started"
    });
    at_least(100, "non-ASCII names", &|data| {
        !text(data, "user_name").is_ascii()
    });
    at_least(5, "a name with a backslash", &|data| {
        text(data, "user_name").contains('\\')
    });
}

#[test]
fn times_spread_over_the_day_and_arrival_does_not_order_them() {
    let all = events(Sample::default());
    let dates: Vec<&str> = all
        .iter()
        .map(|e| e["data"]["date"].as_str().unwrap())
        .collect();
    assert!(dates.iter().all(|date| date.starts_with("2026-11-20T")));
    let hours: BTreeSet<&str> = dates.iter().map(|date| date.get(11..13).unwrap()).collect();
    assert_eq!(hours.len(), 24);
    let ids: Vec<String> = Sample::default().log_ids().collect();
    assert!(ids.is_sorted() && ids.iter().all(|id| id.len() == 56));
    assert!(!dates[..50].is_sorted());
}

#[test]
fn a_log_id_is_found_by_its_place_and_no_other_text_is() {
    let sample = Sample::new(500_000);
    for (index, log_id) in (0..).zip(sample.log_ids()).step_by(9_973) {
        assert_eq!(sample.index_of(&log_id), Some(index), "{log_id}");
    }
    let beyond = Sample::new(500_001).log_ids().last().unwrap();
    for stranger in ["", "90020261120", "é", beyond.as_str(), &"9".repeat(56)] {
        assert_eq!(sample.index_of(stranger), None, "{stranger}");
    }
}

#[test]
fn no_hole_stays_open_and_both_ids_agree() {
    for event in events(Sample::default()) {
        assert_eq!(event["log_id"], event["data"]["log_id"]);
        assert!(!event.to_string().contains("<<"), "{event}");
    }
}

#[test]
fn events_are_as_large_as_those_of_real_tenants() {
    let mut sizes: Vec<usize> = events(Sample::new(20_000))
        .iter()
        .map(|event| event.to_string().len())
        .collect();
    sizes.sort_unstable();
    let (median, high) = (sizes[sizes.len() / 2], sizes[sizes.len() * 95 / 100]);
    assert!((900..1_300).contains(&median), "median {median}");
    assert!((3_200..4_600).contains(&high), "95th percentile {high}");
}

#[test]
fn a_large_sample_starts_at_once_and_keeps_nothing() {
    let mut bodies = Sample::new(1_000_000_000).bodies();
    for _ in 0..200 {
        assert!(bodies.next().unwrap().facts.distinct_count >= 50);
        assert!(
            bodies.to_repeat.len() <= 1,
            "only what the next body repeats"
        );
    }
}
