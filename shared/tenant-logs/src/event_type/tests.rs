//! The catalogue is in order, and its rows are found.

use std::collections::BTreeSet;

use super::*;

#[test]
fn the_catalogue_has_every_code_once_in_byte_order() {
    let all: Vec<&Known> = known_event_types().collect();
    for pair in all.windows(2) {
        assert!(pair[0].code < pair[1].code, "{pair:?}");
    }
}

#[test]
fn every_code_is_found_and_no_other() {
    for entry in known_event_types() {
        assert_eq!(known_event_type(entry.code), Some(entry));
    }
    for code in [
        "",
        "S",
        "s ",
        "zzz",
        "a_code_of_next_year",
        "acls_summar",
        "é",
    ] {
        assert_eq!(known_event_type(code), None, "{code:?}");
    }
}

#[test]
fn only_retired_codes_lack_a_name() {
    for entry in known_event_types().filter(|entry| entry.name.is_empty()) {
        assert_eq!(entry.status, Status::Retired, "{}", entry.code);
    }
}

#[test]
fn the_prefix_of_a_code_does_not_tell_its_outcome() {
    let outcome = |code| known_event_type(code).unwrap().outcome;
    assert_eq!(outcome("s"), Outcome::Success);
    assert_eq!(outcome("fp"), Outcome::Failure);
    assert_eq!(outcome("flows_execution_completed"), Outcome::Success);
    assert_eq!(outcome("signup_pwd_leak"), Outcome::Failure);
    assert_eq!(outcome("api_limit_warning"), Outcome::Warning);
}

#[test]
fn a_retired_code_is_still_known() {
    let launch = known_event_type("admin_update_launch").unwrap();
    assert_eq!(launch.status, Status::Retired);
    assert_eq!(launch.category, Category::SystemNotification);
}

#[test]
fn every_category_name_parses_back_and_is_used() {
    for category in Category::ALL {
        assert_eq!(Category::parse(category.name()), Some(category));
        let is_used = known_event_types().any(|entry| entry.category == category);
        assert!(is_used, "{}", category.name());
    }
    let names: BTreeSet<_> = Category::ALL.into_iter().map(Category::name).collect();
    assert_eq!(names.len(), 20);
    assert_eq!(Category::parse("Other"), None);
    assert_eq!(Category::parse(""), None);
}
