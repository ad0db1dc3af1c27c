use super::*;
use crate::test_settings::read_settings;

#[test]
fn a_dead_letter_has_one_name_however_often_it_is_put() {
    let at = "2026-11-21T09:08:07.5Z".parse().unwrap();
    let dead_letter = |reason: &'static str| DeadLetter {
        reason: reason.into(),
        at,
        function: "azure-eventgrid-subscriber",
        sink: None,
        tenant: "acme",
        log_id: None,
        event: tenant_logs::DeadLetterEvent::Json("{}".into()),
    };
    let name_of = |reason| name(&dead_letter(reason), &dead_letter(reason).to_json());
    let first = name_of("a");
    assert_eq!(first, name_of("a"));
    assert_ne!(first, name_of("b"));
    let begin = "azure-eventgrid-subscriber/2026/11/21/090807-";
    assert!(first.starts_with(begin), "{first}");
    assert_eq!(first.len(), begin.len() + 32 + ".json".len());
}

#[test]
fn the_container_must_be_named() {
    let read = |value: Option<&'static str>| {
        let values = Vec::from_iter(value.map(|value| ("DEAD_LETTER_CONTAINER_ENDPOINT", value)));
        let settings = read_settings(&values, DeadLetterContainerSettings::read);
        settings.map_err(|error| error.to_string())
    };
    assert!(read(Some("https://acme.blob.core.windows.net/letters")).is_ok());
    assert_eq!(
        read(None).unwrap_err(),
        "1 setting is wrong:\n  DEAD_LETTER_CONTAINER_ENDPOINT: required, not set"
    );
    let with_key = read(Some(
        "https://acme.blob.core.windows.net/letters?sv=1&sig=x",
    ));
    assert!(with_key.unwrap_err().contains("want an https URL"));
}
