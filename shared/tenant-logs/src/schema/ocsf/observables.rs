//! The observables of OCSF events: what is worth searching for, whatever the class.

use super::classes::Class;
use crate::schema::event_view::EventView;
use crate::schema::json_writer::{JsonWriter, key};

/// What is worth searching for, by the path at which the class holds it.
pub(super) fn write_observables(view: &EventView<'_>, class: Class, event: &mut JsonWriter<'_>) {
    let Some(heads) = ObservableHeads::of(class) else {
        return;
    };
    let observables = event.begin_array(key!("observables"));
    event.observable(heads.address, view.ip());
    let user = match class {
        Class::EntityManagement | Class::ApiActivity => {
            view.actor_beside_subject().unwrap_or_else(|| view.actor())
        }
        Class::BaseEvent
        | Class::DetectionFinding
        | Class::AccountChange
        | Class::Authentication
        | Class::UserAccess => view.subject(),
    };
    if !user.is_application {
        event.observable(heads.user_name, user.name.as_deref());
        event.observable(heads.email, user.email.as_deref());
    }
    if let Some(head) = heads.user_agent {
        event.observable(head, view.user_agent());
    }
    event.end_array(observables);
}

/// What comes before the value of each observable of a class.
struct ObservableHeads {
    address: &'static str,
    user_name: &'static str,
    email: &'static str,
    user_agent: Option<&'static str>,
}

macro_rules! observable {
    ($path:literal, $kind:literal, $type_id:literal) => {
        concat!(
            r#"{"name":""#,
            $path,
            r#"","type":""#,
            $kind,
            r#"","type_id":"#,
            $type_id,
            r#","value":"#
        )
    };
}

impl ObservableHeads {
    fn of(class: Class) -> Option<Self> {
        let address = observable!("src_endpoint.ip", "IP Address", 2);
        let user_agent = observable!("http_request.user_agent", "HTTP User-Agent", 16);
        match class {
            Class::BaseEvent => None,
            Class::DetectionFinding => Some(Self {
                address: observable!("evidences.src_endpoint.ip", "IP Address", 2),
                user_name: observable!("evidences.actor.user.name", "User Name", 4),
                email: observable!("evidences.actor.user.email_addr", "Email Address", 5),
                user_agent: Some(observable!(
                    "evidences.http_request.user_agent",
                    "HTTP User-Agent",
                    16
                )),
            }),
            Class::AccountChange | Class::Authentication | Class::UserAccess => Some(Self {
                address,
                user_name: observable!("user.name", "User Name", 4),
                email: observable!("user.email_addr", "Email Address", 5),
                user_agent: Some(user_agent),
            }),
            Class::EntityManagement | Class::ApiActivity => Some(Self {
                address,
                user_name: observable!("actor.user.name", "User Name", 4),
                email: observable!("actor.user.email_addr", "Email Address", 5),
                user_agent: Some(user_agent),
            }),
        }
    }
}
