//! Elastic Common Schema: the event's own fields in their places, and everything else below `auth0`.

mod classes;

use super::json_writer::{JsonWriter, key};
use super::reading::{Address, Reading, coordinates};
use super::rest::write_rest;
use crate::Outcome;
use crate::event_type::meaning::Happened;
use classes::Class;

/// Writes one document.
pub(super) fn write(reading: &Reading<'_>, document: &mut JsonWriter<'_>) {
    document.begin_row();
    reading.write_time(key!("@timestamp"), document);
    document.fixed(key!("ecs"), r#"{"version":"8.17.0"}"#);
    document.text(key!("message"), reading.record.own.description);
    write_event(reading, document);
    write_user(reading, document);
    write_source(reading, document);
    write_client(reading, document);
    write_network(reading, document);
    write_user_agent(reading, document);
    write_request(reading, document);
    write_error(reading, document);
    write_related(reading, document);
    write_rest(reading, key!("auth0"), &[], document);
    document.end_row();
}

fn write_event(reading: &Reading<'_>, document: &mut JsonWriter<'_>) {
    let class = Class::of(reading);
    let event = document.begin_object(key!("event"));
    document.string(key!("id"), reading.log_event.log_id());
    document.word(key!("kind"), class.kind);
    document.fixed(key!("module"), r#""auth0""#);
    document.fixed(key!("dataset"), r#""auth0.logs""#);
    let categories = document.begin_array(key!("category"));
    for category in class.categories {
        document.word_element(category);
    }
    document.end_array(categories);
    let types = document.begin_array(key!("type"));
    for event_type in class.types {
        document.word_element(event_type);
    }
    document.end_array(types);
    if let Some(happened) = reading.happened() {
        write_action(happened, document);
    }
    let outcome = match reading.outcome() {
        // What only warns was done.
        Outcome::Success | Outcome::Warning => "success",
        Outcome::Failure => "failure",
        Outcome::Other => "unknown",
    };
    document.word(key!("outcome"), outcome);
    if let Some(code) = &reading.code {
        document.string(key!("code"), code);
    }
    reading.write_raw_string(key!("original"), document);
    document.end_object(event);
}

fn write_action(happened: Happened, document: &mut JsonWriter<'_>) {
    let (object, act) = classes::action(happened);
    if act.is_empty() {
        document.word(key!("action"), object);
    } else {
        document.display(key!("action"), format_args!("\"{object}-{act}\""));
    }
}

fn write_user(reading: &Reading<'_>, document: &mut JsonWriter<'_>) {
    let own = &reading.record.own;
    let user = document.begin_object(key!("user"));
    document.text(key!("id"), own.user_id);
    document.text(key!("name"), own.user_name);
    document.text(key!("email"), reading.email());
    document.end_object(user);
    let organization = document.begin_object(key!("organization"));
    document.text(key!("id"), own.organization_id);
    document.text(key!("name"), own.organization_name);
    document.end_object(organization);
}

fn write_source(reading: &Reading<'_>, document: &mut JsonWriter<'_>) {
    let source = document.begin_object(key!("source"));
    document.text(key!("address"), reading.record.own.ip);
    write_ip(reading.ip, document);
    let place = reading.location();
    let geo = document.begin_object(key!("geo"));
    document.text(key!("city_name"), place.city_name);
    document.text(key!("continent_code"), place.continent_code);
    document.text(key!("country_iso_code"), place.country_code);
    document.text(key!("country_name"), place.country_name);
    document.text(key!("region_name"), place.subdivision_name);
    document.text(key!("timezone"), place.time_zone);
    if let Some((latitude, longitude)) = coordinates(&place) {
        let point = document.begin_object(key!("location"));
        document.any(key!("lat"), Some(latitude));
        document.any(key!("lon"), Some(longitude));
        document.end_object(point);
    }
    document.end_object(geo);
    document.end_object(source);
}

/// The user's side: `client_ip` where an application's back end stands between, else the source again.
fn write_client(reading: &Reading<'_>, document: &mut JsonWriter<'_>) {
    let own = &reading.record.own;
    let (address, ip) = if reading.client_ip.is_some() {
        (own.client_ip, reading.client_ip)
    } else {
        (own.ip, reading.ip)
    };
    let client = document.begin_object(key!("client"));
    document.text(key!("address"), address);
    write_ip(ip, document);
    document.end_object(client);
}

fn write_ip(ip: Option<Address<'_>>, document: &mut JsonWriter<'_>) {
    document.any(key!("ip"), ip.map(|ip| ip.json));
}

fn write_network(reading: &Reading<'_>, document: &mut JsonWriter<'_>) {
    match reading.ip {
        Some(ip) if ip.is_v4 => document.fixed(key!("network"), r#"{"type":"ipv4"}"#),
        Some(_) => document.fixed(key!("network"), r#"{"type":"ipv6"}"#),
        None => {}
    }
}

fn write_user_agent(reading: &Reading<'_>, document: &mut JsonWriter<'_>) {
    let user_agent = document.begin_object(key!("user_agent"));
    document.text(key!("original"), reading.record.own.user_agent);
    document.end_object(user_agent);
}

fn write_request(reading: &Reading<'_>, document: &mut JsonWriter<'_>) {
    let record = &reading.record;
    let http = document.begin_object(key!("http"));
    let request = document.begin_object(key!("request"));
    document.text(key!("method"), reading.request.method);
    document.end_object(request);
    let response = document.begin_object(key!("response"));
    document.count(key!("status_code"), reading.response().status_code);
    document.end_object(response);
    document.end_object(http);

    let url = document.begin_object(key!("url"));
    document.text(key!("domain"), record.own.hostname);
    document.text(key!("path"), reading.request.path);
    document.end_object(url);

    let tls = document.begin_object(key!("tls"));
    let client = document.begin_object(key!("client"));
    document.text(key!("ja3"), reading.fingerprints().ja3);
    document.end_object(client);
    document.end_object(tls);

    let trace = document.begin_object(key!("trace"));
    document.text(key!("id"), reading.references().trace_id);
    document.end_object(trace);
}

fn write_error(reading: &Reading<'_>, document: &mut JsonWriter<'_>) {
    let found = reading.error();
    let error = document.begin_object(key!("error"));
    document.text(key!("message"), found.message);
    document.text(key!("code"), found.code);
    document.text(key!("type"), found.error_type);
    document.end_object(error);
}

fn write_related(reading: &Reading<'_>, document: &mut JsonWriter<'_>) {
    let own = &reading.record.own;
    let related = document.begin_object(key!("related"));
    let ips = document.begin_array(key!("ip"));
    let ip = reading.ip.map(|ip| ip.json);
    let client_ip = reading.client_ip.map(|ip| ip.json);
    document.text_element(ip);
    document.text_element(client_ip.filter(|_| client_ip != ip));
    document.end_array(ips);
    let users = document.begin_array(key!("user"));
    document.text_element(own.user_id);
    document.text_element(own.user_name.filter(|name| Some(*name) != own.user_id));
    document.end_array(users);
    let hosts = document.begin_array(key!("hosts"));
    document.text_element(own.hostname);
    document.end_array(hosts);
    document.end_object(related);
}
