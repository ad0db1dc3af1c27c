//! Open Cybersecurity Schema Framework: one class an event, with the objects that the class requires always there.

mod classes;
mod fingerprints;
mod objects;
mod observables;

use super::event_view::{EventView, ProviderProtocol};
use super::json_writer::{JsonWriter, is_text, key};
use super::raw::{self, Given, Place, Raw};
use super::rest::{Member, write_rest, wrong_type};
use crate::Outcome;
use crate::event_type::meaning::{Activity, AuthMethod, Factor, Severity};
use classes::{Class, ClassActivity};
use objects::{
    write_actor, write_dst_endpoint, write_http_request, write_metadata, write_src_endpoint,
    write_user,
};
use observables::write_observables;

/// Writes one event.
pub(super) fn write(view: &EventView<'_>, event: &mut JsonWriter<'_>) {
    let activity = ClassActivity::of(view.activity());
    event.begin_row();
    write_metadata(view, event);
    event.members(activity.json);
    write_severity(view, event);
    write_status(view, activity.class, event);
    event.display(key!("time"), view.time.timestamp().as_millisecond());
    event.text(key!("message"), view.record.own.description);
    match activity.class {
        Class::BaseEvent => {}
        Class::DetectionFinding => write_finding(view, event),
        Class::AccountChange => {
            write_user(view, key!("user"), event);
            write_actor(view, false, event);
            write_request(view, event);
        }
        Class::Authentication => write_authentication(view, event),
        Class::EntityManagement => {
            objects::write_entity(view, event);
            write_actor(view, true, event);
            write_request(view, event);
        }
        Class::UserAccess => {
            event.fixed(key!("privileges"), r#"["organization member"]"#);
            write_user(view, key!("user"), event);
            objects::write_organization_resource(view, event);
            write_actor(view, false, event);
            write_request(view, event);
        }
        Class::ApiActivity => write_api_activity(view, event),
    }
    write_observables(view, activity.class, event);
    let kept = Place::member(key!("unmapped"));
    match view.raw {
        Raw::Whole => {
            write_unmapped(view, activity.class, event);
            view.write_raw_string(key!("raw_data"), event);
        }
        Raw::Rest => {
            let given = given(view, activity.class);
            raw::write_rest(view, kept, &given, event);
        }
        Raw::None => raw::write_only_marks(view, kept, event),
    }
    event.end_row();
}

/// What the attributes give back.
fn given<'a>(view: &'a EventView<'_>, class: Class) -> Vec<Given<'a>> {
    let own = &view.record.own;
    let mut given = vec![
        Given::text("description", own.description),
        Given::text("tenant_name", own.tenant_name),
    ];
    let original_time = own.date.filter(|json| is_text(json));
    given.extend(raw::always(view));
    given.retain(|given| !given.is_of("date"));
    given.push(Given::filled("date", own.date, original_time));
    if !matches!(class, Class::BaseEvent | Class::DetectionFinding) {
        given.extend([
            Given::filled("ip", own.ip, view.ip()),
            Given::filled("user_agent", own.user_agent, view.user_agent()),
            Given::text("client_id", own.client_id),
            Given::text("connection", own.connection),
            Given::text("connection_id", own.connection_id),
        ]);
    }
    given
}

/// What the class has no attribute for, or the wrong type for it.
fn write_unmapped(view: &EventView<'_>, class: Class, event: &mut JsonWriter<'_>) {
    let own = &view.record.own;
    let unmapped = key!("unmapped");
    let is_base = class == Class::BaseEvent;
    let has_host = matches!(
        class,
        Class::Authentication | Class::ApiActivity | Class::DetectionFinding
    );
    let besides = [
        unmapped_member(key!("description"), own.description, false),
        unmapped_member(key!("hostname"), own.hostname, !has_host),
        (
            key!("ip"),
            own.ip.filter(|ip| is_base || !view.ips.is_all_of(ip)),
        ),
        (
            key!("client_ip"),
            own.client_ip
                .filter(|ip| is_base && view.client_ips.is_all_of(ip)),
        ),
        unmapped_member(key!("organization_id"), own.organization_id, is_base),
        unmapped_member(key!("organization_name"), own.organization_name, is_base),
        unmapped_member(key!("user_agent"), own.user_agent, is_base),
        unmapped_member(key!("user_id"), own.user_id, is_base),
        unmapped_member(key!("user_name"), own.user_name, is_base),
    ];
    write_rest(view, unmapped, &besides, event);
}

/// A member that is kept as it is where its class has no attribute for it, else only where it is of the wrong type.
fn unmapped_member<'a>(key: &'static str, json: Option<&'a str>, is_unmapped: bool) -> Member<'a> {
    if is_unmapped {
        (key, json)
    } else {
        wrong_type(key, json)
    }
}

fn write_severity(view: &EventView<'_>, event: &mut JsonWriter<'_>) {
    let (id, name) = match view.known.map(crate::Known::severity) {
        None => ("0", "Unknown"),
        Some(Severity::Informational) => ("1", "Informational"),
        Some(Severity::Low) => ("2", "Low"),
        Some(Severity::Medium) => ("3", "Medium"),
        Some(Severity::High) => ("4", "High"),
    };
    event.fixed(key!("severity_id"), id);
    event.word(key!("severity"), name);
}

/// A finding's status says how far it was looked into; every other class's, what became of what was attempted.
fn write_status(view: &EventView<'_>, class: Class, event: &mut JsonWriter<'_>) {
    let (id, name) = match (class, view.decision()) {
        (Class::DetectionFinding, _) => ("1", "New"),
        (_, Outcome::Success | Outcome::Warning) => ("1", "Success"),
        (_, Outcome::Failure) => ("2", "Failure"),
        (_, Outcome::Other) => ("0", "Unknown"),
    };
    event.fixed(key!("status_id"), id);
    event.word(key!("status"), name);
    let error = view.error();
    event.text(key!("status_code"), error.code().as_deref());
    event.text(key!("status_detail"), error.message());
}

fn write_request(view: &EventView<'_>, event: &mut JsonWriter<'_>) {
    write_src_endpoint(view, key!("src_endpoint"), event);
    write_http_request(view, event);
}

fn write_authentication(view: &EventView<'_>, event: &mut JsonWriter<'_>) {
    let activity = view.activity();
    write_user(view, key!("user"), event);
    objects::write_service(view, event);
    write_dst_endpoint(view, event);
    let (id, name) = protocol(view, activity);
    event.fixed(key!("auth_protocol_id"), id);
    event.word(key!("auth_protocol"), name);
    if let Some(is_mfa) = activity.and_then(is_mfa) {
        event.fixed(key!("is_mfa"), if is_mfa { "true" } else { "false" });
    }
    if let Some(Activity::MfaChallenge(_, factor)) = activity {
        write_factor(view, factor, event);
    }
    // Nobody sits at Auth0's console: every logon comes over the network.
    event.fixed(key!("logon_type_id"), "3");
    event.fixed(key!("logon_type"), r#""Network""#);
    event.fixed(key!("is_remote"), "true");
    let session = event.begin_object(key!("session"));
    event.text(key!("uid"), view.record.details.session_id);
    event.end_object(session);
    write_actor(view, false, event);
    write_request(view, event);
}

/// The protocol by which the user's own provider was asked, else that of Auth0's token endpoint.
fn protocol(view: &EventView<'_>, activity: Option<Activity>) -> (&'static str, &'static str) {
    if let Some(Activity::TokenExchange(_) | Activity::TokenRevocation) = activity {
        return ("6", "OAUTH 2.0");
    }
    match view.provider_protocol() {
        Some(ProviderProtocol::OpenId) => ("4", "OpenID"),
        Some(ProviderProtocol::Saml) => ("5", "SAML"),
        Some(ProviderProtocol::Ldap) => ("12", "LDAP"),
        None => ("0", "Unknown"),
    }
}

/// Whether more than one factor was shown, where the code tells.
fn is_mfa(activity: Activity) -> Option<bool> {
    if let Activity::MfaChallenge(..) = activity {
        return Some(true);
    }
    match activity.auth_method()? {
        AuthMethod::PasswordAndFactor | AuthMethod::PasskeyAndFactor => Some(true),
        AuthMethod::Password | AuthMethod::OneTimeCode | AuthMethod::ClientCredentials => {
            Some(false)
        }
        AuthMethod::Unsaid
        | AuthMethod::Session
        | AuthMethod::Social
        | AuthMethod::AuthorizationCode
        | AuthMethod::DeviceCode
        | AuthMethod::Backchannel
        | AuthMethod::RefreshToken
        | AuthMethod::Token
        | AuthMethod::Delegation => None,
    }
}

/// The factor that the code names, else the one that `details.authenticator` does.
fn write_factor(view: &EventView<'_>, factor: Factor, event: &mut JsonWriter<'_>) {
    let json = match factor {
        Factor::Sms => FACTOR_SMS,
        Factor::Voice => FACTOR_VOICE,
        Factor::Email => FACTOR_EMAIL,
        Factor::Push => FACTOR_PUSH,
        Factor::RecoveryCode => FACTOR_RECOVERY_CODE,
        Factor::WebAuthn => FACTOR_WEBAUTHN,
        Factor::Unsaid => match view.authenticator().factor_type {
            Some(r#""sms""#) => FACTOR_SMS,
            Some(r#""voice""#) => FACTOR_VOICE,
            Some(r#""email""#) => FACTOR_EMAIL,
            Some(r#""push""# | r#""push-notification""# | r#""pn""#) => FACTOR_PUSH,
            Some(r#""recovery-code""#) => FACTOR_RECOVERY_CODE,
            Some(r#""webauthn-roaming""# | r#""webauthn-platform""# | r#""webauthn""#) => {
                FACTOR_WEBAUTHN
            }
            Some(r#""otp""# | r#""totp""#) => FACTOR_OTP,
            Some(_) | None => return,
        },
    };
    event.fixed(key!("auth_factors"), json);
}

const FACTOR_SMS: &str = r#"[{"factor_type_id":1,"factor_type":"SMS"}]"#;
const FACTOR_VOICE: &str = r#"[{"factor_type_id":3,"factor_type":"Phone Call"}]"#;
const FACTOR_PUSH: &str = r#"[{"factor_type_id":5,"factor_type":"Push Notification"}]"#;
const FACTOR_OTP: &str = r#"[{"factor_type_id":7,"factor_type":"OTP"}]"#;
const FACTOR_EMAIL: &str = r#"[{"factor_type_id":8,"factor_type":"Email"}]"#;
const FACTOR_WEBAUTHN: &str = r#"[{"factor_type_id":10,"factor_type":"WebAuthn"}]"#;
const FACTOR_RECOVERY_CODE: &str = r#"[{"factor_type_id":99,"factor_type":"Recovery Code"}]"#;

fn write_api_activity(view: &EventView<'_>, event: &mut JsonWriter<'_>) {
    objects::write_api(view, event);
    objects::write_target_resources(view, event);
    write_actor(view, true, event);
    write_dst_endpoint(view, event);
    write_request(view, event);
    if objects::is_status_code(view.response().status_code) {
        let response = event.begin_object(key!("http_response"));
        event.any(key!("code"), view.response().status_code);
        event.end_object(response);
    }
}

fn write_finding(view: &EventView<'_>, event: &mut JsonWriter<'_>) {
    let finding = event.begin_object(key!("finding_info"));
    event.string(key!("uid"), view.log_event.log_id());
    if let Some(known) = view.known {
        event.word(key!("title"), known.name);
    }
    event.text(key!("desc"), view.record.own.description);
    event.fixed(
        key!("analytic"),
        r#"{"name":"Auth0 Attack Protection","type_id":1,"type":"Rule"}"#,
    );
    event.end_object(finding);
    event.fixed(key!("is_alert"), "true");
    let evidences = event.begin_array(key!("evidences"));
    let evidence = event.begin_element();
    if view.user.is_known() {
        let actor = event.begin_object(key!("actor"));
        write_user(view, key!("user"), event);
        event.end_object(actor);
    }
    write_dst_endpoint(view, event);
    let has_party = !event.is_at_begin();
    write_http_request(view, event);
    fingerprints::write_fingerprints(view, event);
    // A request alone is no evidence in the schema, which wants somebody that it came from.
    let is_lacking = !has_party && !event.is_at_begin();
    if view.ip().is_some() || is_lacking {
        write_src_endpoint(view, key!("src_endpoint"), event);
    }
    event.end_object(evidence);
    event.end_array(evidences);
}
