//! Elastic Common Schema: the event's own fields in the fields that ECS has for them, and everything else below `auth0`.

mod classes;

use std::borrow::Cow;

use super::addresses::Address;
use super::event_view::{EventView, coordinates};
use super::json_writer::{JsonWriter, key};
use super::parties::Party;
use super::raw::{self, Given, Place, Raw};
use super::rest::{write_rest, wrong_type};
use crate::Outcome;
use crate::event_type::meaning::Activity;
use classes::Class;

/// Writes one document.
pub(super) fn write(view: &EventView<'_>, document: &mut JsonWriter<'_>) {
    document.begin_row();
    view.write_time(key!("@timestamp"), document);
    document.fixed(key!("ecs"), r#"{"version":"8.17.0"}"#);
    document.text(key!("message"), view.record.own.description);
    write_event(view, document);
    write_user(view, document);
    write_source(view, document);
    write_client(view, document);
    write_network(view, document);
    write_user_agent(view, document);
    write_request(view, document);
    write_error(view, document);
    write_related(view, document);
    let kept = Place::member(key!("auth0"));
    match view.raw {
        Raw::Whole => write_others(view, document),
        Raw::Rest => raw::write_rest(view, kept, &given(view), document),
        Raw::None => raw::write_only_marks(view, kept, document),
    }
    document.end_row();
}

/// What no field holds, beside the whole event in `event.original`.
fn write_others(view: &EventView<'_>, document: &mut JsonWriter<'_>) {
    let own = &view.record.own;
    let besides = [
        wrong_type(key!("description"), own.description),
        wrong_type(key!("hostname"), own.hostname),
        wrong_type(key!("ip"), own.ip),
        wrong_type(key!("organization_id"), own.organization_id),
        wrong_type(key!("organization_name"), own.organization_name),
        wrong_type(key!("user_agent"), own.user_agent),
        wrong_type(key!("user_id"), own.user_id),
        wrong_type(key!("user_name"), own.user_name),
    ];
    write_rest(view, key!("auth0"), &besides, document);
}

/// What the fields give back.
fn given<'a>(view: &'a EventView<'_>) -> Vec<Given<'a>> {
    let own = &view.record.own;
    let actor = view.actor().into_owned();
    let mut given = vec![
        Given::text("description", own.description),
        Given::of("user_id", own.user_id, actor.id),
        Given::of("user_name", own.user_name, actor.name),
        Given::text("organization_id", own.organization_id),
        Given::text("organization_name", own.organization_name),
        Given::text("ip", own.ip),
        Given::filled("user_agent", own.user_agent, view.user_agent()),
        Given::text("hostname", own.hostname),
    ];
    given.extend(raw::always(view));
    given
}

fn write_event(view: &EventView<'_>, document: &mut JsonWriter<'_>) {
    let class = Class::of(view);
    let event = document.begin_object(key!("event"));
    document.string(key!("id"), view.log_event.log_id());
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
    if let Some(activity) = view.activity() {
        write_action(activity, document);
    }
    let outcome = match view.decision() {
        // What only warns was done.
        Outcome::Success | Outcome::Warning => "success",
        Outcome::Failure => "failure",
        Outcome::Other => "unknown",
    };
    document.word(key!("outcome"), outcome);
    if let Some(code) = &view.code {
        document.string(key!("code"), code);
    }
    if view.raw == Raw::Whole {
        view.write_raw_string(key!("original"), document);
    }
    document.end_object(event);
}

fn write_action(activity: Activity, document: &mut JsonWriter<'_>) {
    let (object, operation) = classes::action(activity);
    if operation.is_empty() {
        document.word(key!("action"), object);
    } else {
        document.display(key!("action"), format_args!("\"{object}-{operation}\""));
    }
}

fn write_user(view: &EventView<'_>, document: &mut JsonWriter<'_>) {
    let own = &view.record.own;
    let user = document.begin_object(key!("user"));
    write_party(&view.actor(), document);
    // The field holds one user; all of them are in `related.user`.
    if let Some(target) = view.target_users().next() {
        let object = document.begin_object(key!("target"));
        write_party(target, document);
        document.end_object(object);
    }
    document.end_object(user);
    let organization = document.begin_object(key!("organization"));
    document.text(key!("id"), own.organization_id);
    document.text(key!("name"), own.organization_name);
    document.end_object(organization);
}

fn write_party(party: &Party<'_>, document: &mut JsonWriter<'_>) {
    document.text(key!("id"), party.id.as_deref());
    document.text(key!("name"), party.name.as_deref());
    document.text(key!("email"), party.email.as_deref());
}

fn write_source(view: &EventView<'_>, document: &mut JsonWriter<'_>) {
    let source = document.begin_object(key!("source"));
    document.text(key!("address"), view.record.own.ip);
    write_ip(view.ips.first.as_ref(), document);
    let location = view.location();
    let geo = document.begin_object(key!("geo"));
    document.text(key!("city_name"), location.city_name);
    document.text(key!("continent_code"), location.continent_code);
    document.text(key!("country_iso_code"), location.country_code);
    document.text(key!("country_name"), location.country_name);
    document.text(key!("region_name"), location.subdivision_name);
    document.text(key!("timezone"), location.time_zone);
    if let Some((latitude, longitude)) = coordinates(&location) {
        let point = document.begin_object(key!("location"));
        document.any(key!("lat"), Some(latitude));
        document.any(key!("lon"), Some(longitude));
        document.end_object(point);
    }
    document.end_object(geo);
    document.end_object(source);
}

/// The user's side: `client_ip` where an application's back end stands between, else the source again.
fn write_client(view: &EventView<'_>, document: &mut JsonWriter<'_>) {
    let own = &view.record.own;
    let may_fill = view.log_event.may_fill("client_ip", "ip");
    let (address, ip) = match &view.client_ips.first {
        Some(ip) => (own.client_ip, Some(ip)),
        None if may_fill => (own.ip, view.ips.first.as_ref()),
        None => (None, None),
    };
    let client = document.begin_object(key!("client"));
    document.text(key!("address"), address);
    write_ip(ip, document);
    document.end_object(client);
}

fn write_ip(ip: Option<&Address<'_>>, document: &mut JsonWriter<'_>) {
    document.any(key!("ip"), ip.map(|ip| ip.json.as_ref()));
}

fn write_network(view: &EventView<'_>, document: &mut JsonWriter<'_>) {
    match &view.ips.first {
        Some(ip) if ip.is_v4 => document.fixed(key!("network"), r#"{"type":"ipv4"}"#),
        Some(_) => document.fixed(key!("network"), r#"{"type":"ipv6"}"#),
        None => {}
    }
}

fn write_user_agent(view: &EventView<'_>, document: &mut JsonWriter<'_>) {
    let user_agent = document.begin_object(key!("user_agent"));
    document.text(key!("original"), view.user_agent());
    document.end_object(user_agent);
}

fn write_request(view: &EventView<'_>, document: &mut JsonWriter<'_>) {
    let record = &view.record;
    let http = document.begin_object(key!("http"));
    let request = document.begin_object(key!("request"));
    document.text(key!("method"), view.request.method);
    document.end_object(request);
    let response = document.begin_object(key!("response"));
    document.count(key!("status_code"), view.response().status_code);
    document.end_object(response);
    document.end_object(http);

    let url = document.begin_object(key!("url"));
    document.text(key!("domain"), record.own.hostname);
    document.text(key!("path"), view.request.path);
    document.end_object(url);

    let tls = document.begin_object(key!("tls"));
    let client = document.begin_object(key!("client"));
    document.text(key!("ja3"), view.fingerprints().ja3);
    document.end_object(client);
    document.end_object(tls);

    let trace = document.begin_object(key!("trace"));
    document.text(key!("id"), view.references().trace_id);
    document.end_object(trace);
}

fn write_error(view: &EventView<'_>, document: &mut JsonWriter<'_>) {
    let found = view.error();
    let error = document.begin_object(key!("error"));
    document.text(key!("message"), found.message());
    document.text(key!("code"), found.code().as_deref());
    document.text(key!("type"), found.error_type());
    document.end_object(error);
}

fn write_related(view: &EventView<'_>, document: &mut JsonWriter<'_>) {
    let own = &view.record.own;
    let related = document.begin_object(key!("related"));
    let lists = [&view.ips, &view.client_ips];
    let addresses = lists
        .into_iter()
        .flat_map(|list| list.first.iter().chain(&list.others));
    write_each(key!("ip"), addresses.map(|ip| ip.json.as_ref()), document);
    write_each(
        key!("user"),
        users(view).iter().map(AsRef::as_ref),
        document,
    );
    let hosts = document.begin_array(key!("hosts"));
    document.text_element(own.hostname);
    document.end_array(hosts);
    document.end_object(related);
}

/// Everybody whom the event names.
fn users<'a>(view: &EventView<'a>) -> Vec<Cow<'a, str>> {
    let mut parties = vec![view.actor().into_owned()];
    parties.extend(view.actor_beside_subject().map(Cow::into_owned));
    parties.extend(view.target_users().cloned());
    parties.push(Party::own(view.log_event, &view.record));
    let texts = parties
        .into_iter()
        .flat_map(|party| [party.id, party.name, party.email, party.subject]);
    texts.flatten().collect()
}

/// Writes an array of texts, each once.
fn write_each<'a>(
    key: &'static str,
    texts: impl Iterator<Item = &'a str>,
    document: &mut JsonWriter<'_>,
) {
    let array = document.begin_array(key);
    let mut written: Vec<&str> = Vec::new();
    for text in texts {
        if !written.contains(&text) {
            document.text_element(Some(text));
            written.push(text);
        }
    }
    document.end_array(array);
}
