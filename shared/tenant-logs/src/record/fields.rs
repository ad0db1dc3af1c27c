//! What we read of a record and of the objects in it: a struct for each, with a field for each member.

use super::is_readable;

/// Members with a field each.
pub(crate) trait Fields<'a>: Default {
    /// Returns the field of the member with this name.
    fn field(&mut self, name: &[u8]) -> Option<&mut Option<&'a str>>;

    /// Visits every member that is there, with its name.
    fn each(&self, visit: impl FnMut(&'static [u8], &'a str));

    /// Leaves out strings that cannot be decoded.
    fn leave_out_unreadable(&mut self);
}

fn leave_out_unreadable(field: &mut Option<&str>) {
    *field = field.filter(|json| is_readable(json));
}

/// Declares a struct of members, each with the name that it has in JSON, and the way from a name to its field.
macro_rules! members {
    ($(#[$about:meta])* $struct:ident { $($field:ident = $name:literal),* $(,)? }) => {
        $(#[$about])*
        #[derive(Debug, Clone, Default)]
        pub(crate) struct $struct<'a> {
            $(pub(crate) $field: Option<&'a str>,)*
        }

        impl<'a> Fields<'a> for $struct<'a> {
            fn field(&mut self, name: &[u8]) -> Option<&mut Option<&'a str>> {
                match name {
                    $($name => Some(&mut self.$field),)*
                    _ => None,
                }
            }

            fn each(&self, mut visit: impl FnMut(&'static [u8], &'a str)) {
                $(if let Some(json) = self.$field {
                    visit($name, json);
                })*
            }

            fn leave_out_unreadable(&mut self) {
                $(leave_out_unreadable(&mut self.$field);)*
            }
        }
    };
}

members! {
    /// The members of a record that some schema has a field for.
    Members {
        agent_id = b"agent_id",
        audience = b"audience",
        auth0_client = b"auth0_client",
        client_id = b"client_id",
        client_ip = b"client_ip",
        client_name = b"client_name",
        connection = b"connection",
        connection_id = b"connection_id",
        date = b"date",
        description = b"description",
        details = b"details",
        environment_name = b"environment_name",
        event_schema = b"$event_schema",
        event_type = b"type",
        external_agent_id = b"external_agent_id",
        hostname = b"hostname",
        identity_user_id = b"identity_user_id",
        ip = b"ip",
        is_mobile = b"is_mobile",
        is_mobile_of_api = b"isMobile",
        location_info = b"location_info",
        log_id = b"log_id",
        mtls_thumbprint_sha256 = b"mtls_thumbprint_sha256",
        organization_id = b"organization_id",
        organization_name = b"organization_name",
        references = b"references",
        scope = b"scope",
        security_context = b"security_context",
        strategy = b"strategy",
        strategy_type = b"strategy_type",
        tenant_name = b"tenant_name",
        session_connection = b"session_connection",
        tracking_id = b"tracking_id",
        transaction_linking_id = b"transaction_linking_id",
        underscore_id = b"_id",
        user_agent = b"user_agent",
        user_id = b"user_id",
        user_name = b"user_name",
    }
}

members! {
    /// What we read of `details`.
    Details {
        action_error = b"action_error",
        actor = b"actor",
        authenticator = b"authenticator",
        body = b"body",
        client_authentication_error = b"client_authentication_error",
        // As Auth0's published schema of `feccft` spells it.
        client_authentication_error_of_schema = b"client_authentoication_error",
        error = b"error",
        error_message = b"errorMsg",
        failure = b"failure_details",
        failure_reason = b"failure_reason",
        provider_error = b"provider_error",
        query = b"query",
        request = b"request",
        response = b"response",
        session_id = b"session_id",
    }
}

members! {
    /// What we read of `details.error`, or of what stands in its place, where it is an object.
    DetailsError {
        code = b"code",
        description = b"description",
        detail = b"detail",
        error = b"error",
        error_code = b"errorCode",
        error_description = b"error_description",
        error_type = b"type",
        message = b"message",
        oauth_error = b"oauthError",
        payload = b"payload",
        reason = b"reason",
        title = b"title",
    }
}

members! {
    /// What we read of `details.error.payload`.
    ErrorPayload {
        code = b"code",
        description = b"description",
        error_code = b"errorCode",
        message = b"message",
    }
}

members! {
    /// What we read of `details.actor`, who acts in the place of the user.
    Actor {
        email = b"email",
        name = b"name",
        sub = b"sub",
    }
}

members! {
    /// What we read of `details.request.auth`.
    Auth {
        user = b"user",
    }
}

members! {
    /// What we read of `details.request.auth.user`.
    AuthUser {
        email = b"email",
        name = b"name",
        user_id = b"user_id",
    }
}

members! {
    /// What we read of an object of the Management API, as a request or an answer has it.
    Body {
        client_id = b"client_id",
        connection_id = b"connection_id",
        custom_domain_id = b"custom_domain_id",
        domain = b"domain",
        email = b"email",
        id = b"id",
        identifier = b"identifier",
        name = b"name",
        permission_name = b"permission_name",
        phone_number = b"phone_number",
        provider = b"provider",
        token_id = b"token_id",
        user_id = b"user_id",
        user_name_of_scim = b"userName",
        username = b"username",
    }
}

members! {
    /// What we read of a request's body that assigns objects to another.
    Assigned {
        client_id = b"client_id",
        connection_id = b"connection_id",
        emails = b"emails",
        grant_id = b"grant_id",
        groups = b"groups",
        invitee = b"invitee",
        invitees = b"invitees",
        members = b"members",
        owners = b"owners",
        permissions = b"permissions",
        roles = b"roles",
        users = b"users",
    }
}

members! {
    /// What we read of `details.request`.
    Request {
        auth = b"auth",
        body = b"body",
        method = b"method",
        path = b"path",
        query = b"query",
        user_agent = b"userAgent",
    }
}

members! {
    /// What we read of `details.response`.
    Response {
        body = b"body",
        status_code = b"statusCode",
    }
}

members! {
    /// What we read of `details.authenticator`.
    Authenticator {
        factor_type = b"type",
    }
}

members! {
    /// `location_info`.
    Location {
        city_name = b"city_name",
        continent_code = b"continent_code",
        country_code = b"country_code",
        country_name = b"country_name",
        latitude = b"latitude",
        longitude = b"longitude",
        subdivision_name = b"subdivision_name",
        time_zone = b"time_zone",
    }
}

members! {
    /// `references`.
    References {
        correlation_id = b"correlation_id",
        trace_id = b"trace_id",
    }
}

members! {
    /// `security_context`.
    Fingerprints {
        ja3 = b"ja3",
        ja4 = b"ja4",
    }
}
