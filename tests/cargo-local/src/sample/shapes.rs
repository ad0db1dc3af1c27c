//! What the events look like: one template a shape, in the words of Auth0's own records.

use super::template::Template;

/// What an event has besides its code; several codes share one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Shape {
    Login,
    SilentAuth,
    SilentAuthFailed,
    Exchange,
    MachineExchange,
    ExchangeFailed,
    LoginFailed,
    Logout,
    SignUp,
    Account,
    SecondFactor,
    Blocked,
    ApiWrite,
    ApiRead,
    ApiLimit,
    ActionFailed,
    NullDetails,
    TextDetails,
    NewFeature,
}

/// The template of every shape, read once.
#[derive(Debug)]
pub(super) struct Templates {
    by_shape: Vec<(Shape, Template)>,
}

impl Templates {
    pub(super) fn read() -> Self {
        let by_shape = SHAPES.iter().map(|&(shape, fields, details)| {
            let parts = [HEAD, fields, "\"details\":", details, TAIL].concat();
            (shape, Template::parse(&[&parts]))
        });
        Self {
            by_shape: by_shape.collect(),
        }
    }

    pub(super) fn of(&self, wanted: Shape) -> Option<&Template> {
        let mut all = self.by_shape.iter();
        all.find_map(|(shape, template)| (*shape == wanted).then_some(template))
    }
}

/// The fields before the details, and the details.
static SHAPES: [(Shape, &str, &str); 19] = [
    (Shape::Login, USER_AND_CONNECTION, LOGIN),
    (Shape::SilentAuth, USER_AND_TOKEN, SILENT_AUTH),
    (Shape::SilentAuthFailed, TOKEN, SILENT_AUTH_FAILED),
    (Shape::Exchange, USER_AND_TOKEN, EXCHANGE),
    (Shape::MachineExchange, MACHINE, "{}"),
    (Shape::ExchangeFailed, TOKEN, EXCHANGE_FAILED),
    (Shape::LoginFailed, USER_AND_CONNECTION, LOGIN_FAILED),
    (Shape::Logout, USER, LOGOUT),
    (Shape::SignUp, USER_AND_CONNECTION, SIGN_UP),
    (Shape::Account, USER_AND_CONNECTION, ACCOUNT),
    (Shape::SecondFactor, USER, SECOND_FACTOR),
    (Shape::Blocked, USER_AND_CONNECTION, BLOCKED),
    (Shape::ApiWrite, API_CALLER, API_WRITE),
    (Shape::ApiRead, API_CALLER, API_READ),
    (
        Shape::ApiLimit,
        "\"client_id\":\"<<client_id>>\",\"ip\":\"<<ip>>\",",
        API_LIMIT,
    ),
    (Shape::ActionFailed, USER, ACTION_FAILED),
    (Shape::NullDetails, USER_AND_CONNECTION, "null"),
    (
        Shape::TextDetails,
        CLIENT,
        "\"see https://docs.example.com/<<word:12>>\"",
    ),
    (Shape::NewFeature, USER, NEW_FEATURE),
];

const HEAD: &str = r#"{"log_id":"<<log_id>>","data":{
    "date":"<<date>>","type":"<<type>>",<<description>>"#;

const TAIL: &str = r#",<<location>><<mobile>>"hostname":"login.example.com",
    "environment_name":"prod-eu-2","tenant_name":"example-tenant",
    "$event_schema":{"version":"1.0.0"},"log_id":"<<log_id>>"}}"#;

const CLIENT: &str = r#""client_id":"<<client_id>>","client_name":"<<client_name>>",
    "ip":"<<ip>>","user_agent":"<<user_agent>>","#;

const USER: &str = r#""client_id":"<<client_id>>","client_name":"<<client_name>>",
    "ip":"<<ip>>","client_ip":null,"user_agent":"<<user_agent>>",
    "user_id":"<<user_id>>","user_name":"<<user_name>>","#;

const USER_AND_CONNECTION: &str = r#""connection":"<<connection>>","connection_id":"<<connection_id>>",
    "client_id":"<<client_id>>","client_name":"<<client_name>>",
    "ip":"<<ip>>","user_agent":"<<user_agent>>",
    "user_id":"<<user_id>>","user_name":"<<user_name>>",
    "strategy":"<<strategy>>","strategy_type":"<<strategy_type>>",
    "security_context":{"ja3":"<<hex:32>>","ja4":"t13d1516h2_<<hex:12>>_<<hex:12>>"},"#;

const TOKEN: &str = r#""connection_id":"","client_id":"<<client_id>>","client_name":"<<client_name>>",
    "ip":"<<ip>>","user_agent":"<<user_agent>>","user_id":"","user_name":"",
    "audience":"https://api.example.com","scope":<<scope>>,
    "auth0_client":{"name":"auth0-react","version":"2.8.0","env":{"auth0-spa-js":"2.4.1"}},"#;

const USER_AND_TOKEN: &str = r#""connection_id":"","client_id":"<<client_id>>","client_name":"<<client_name>>",
    "ip":"<<ip>>","user_agent":"<<user_agent>>",
    "user_id":"<<user_id>>","user_name":"<<user_name>>",
    "audience":"https://api.example.com","scope":<<scope>>,
    "references":{"trace_id":"<<hex:32>>"},
    "auth0_client":{"name":"auth0-spa-js","version":"2.4.1"},"#;

const MACHINE: &str = r#""client_id":"<<client_id>>","client_name":"<<client_name>>",
    "ip":"<<ip>>","user_agent":"python-requests/2.32.5","user_id":"","user_name":"",
    "audience":"https://login.example.com/api/v2/","scope":"read:users update:users read:logs",
    "auth0_client":["nightly-export",{"version":"7"}],"#;

const API_CALLER: &str = r#""client_id":"<<client_id>>","client_name":"",
    "ip":"<<ip>>","user_agent":"<<user_agent>>","user_id":"<<user_id>>","#;

const LOGIN: &str = r#"{"prompts":[
    {"name":"prompt-authenticate","completedAt":<<millis:300>>,"connection":"<<connection>>",
    "connection_id":"<<connection_id>>","strategy":"<<strategy>>","identity":"<<hex:24>>",
    "stats":{"loginsCount":<<below:900>>},"session_id":null,"elapsedTime":null},
    {"name":"login","flow":"universal-login","initiatedAt":<<millis:9400>>,"completedAt":<<millis:210>>,
    "timers":{"rules":<<below:90>>},"user_id":"<<user_id>>","user_name":"<<user_name>>","elapsedTime":9190}],
    "initiatedAt":<<millis:9410>>,"completedAt":<<millis:0>>,"elapsedTime":9410,
    "session_id":"<<word:32>>","stats":{"loginsCount":<<below:900>>},
    "actions":{"executions":["<<word:76>>"]},
    "riskAssessment":{"confidence":"low","version":"1","assessments":{
    "UntrustedIP":{"confidence":"high","code":"not_found_on_deny_list"},
    "NewDevice":{"confidence":"low","code":"no_match","details":{"device":"unknown","useragent":"known"}},
    "ImpossibleTravel":{"confidence":"medium","code":"initial_login"},
    "PhoneNumber":{"confidence":"neutral","code":"phone_number_not_provided"}}}}"#;

const SILENT_AUTH: &str = r#"{"session_id":"<<word:32>>","body":{},"qs":{"prompt":"none",
    "response_mode":"web_message","redirect_uri":"https://portal.example.com/callback","nonce":"<<word:40>>"}}"#;

const SILENT_AUTH_FAILED: &str = r#"{"body":{},"qs":{"client_id":"<<client_id>>","response_type":"code",
    "response_mode":"web_message","redirect_uri":"https://portal.example.com/callback",
    "state":"<<word:40>>","nonce":"<<word:40>>","code_challenge":"<<word:43>>",
    "code_challenge_method":"S256","prompt":"none"},"connection":null,
    "error":{"message":"Login required","oauthError":"login_required","type":"oauth-authorization"}}"#;

const EXCHANGE: &str = r#"{"code":"*************************************************<<word:3>>",
    "session_id":"<<word:32>>"}"#;

const EXCHANGE_FAILED: &str = r#"{"code":"*************************************************<<word:3>>",
    "error":{"message":"invalid_grant","oauthError":"invalid_grant","payload":{"status":403,"attempt":<<below:9>>}}}"#;

const LOGIN_FAILED: &str = r#"{"error":{"message":"Wrong email or password.","oauthError":"access_denied",
    "type":"request-error"},"body":{"client_id":"<<client_id>>","username":"<<user_name>>","password":"*****",
    "connection":"<<connection>>","tenant":"example-tenant","protocol":"oauth2","state":"<<word:40>>",
    "scope":"openid profile email"},"qs":{},"session_id":"<<word:32>>","riskAssessment":null}"#;

const LOGOUT: &str = r#"{"return_to":"https://portal.example.com/","session_id":"<<word:32>>",
    "allowed_logout_url":["https://portal.example.com/","https://app.example.com/"]}"#;

const SIGN_UP: &str = r#"{"body":{"email":"<<user_name>>","name":"<<full_name>>","password":"*****",
    "tenant":"example-tenant","transaction":{"id":"<<word:32>>","locale":"de","scope":["openid","profile"]},
    "user_metadata":{"newsletter":<<flag>>,"discount":1.50}}}"#;

const ACCOUNT: &str = r#"{"title":"","email":"<<user_name>>","query":{"user_id":"<<user_id>>",
    "connection":"<<connection>>","includeEmailInRedirect":false},"client":null}"#;

const SECOND_FACTOR: &str = r#"{"authenticator":{"id":"dev_<<word:16>>","type":"otp","phone_number":null},
    "device":{"name":"<<full_name>>","last_ip":"<<ip>>"},"transaction":"<<word:32>>","attempts":<<below:5>>}"#;

const BLOCKED: &str = r#"{"body":{"username":"<<user_name>>","connection":"<<connection>>"},
    "error":{"message":"Your account has been blocked after multiple consecutive login attempts.",
    "oauthError":"too_many_attempts","payload":{"name":"too_many_attempts","status":429,"attempts":10,"until":null}}}"#;

const API_WRITE: &str = r#"{"request":{"method":"patch","path":"/api/v2/users/auth0%7C<<hex:24>>","query":{},
    "userAgent":"<<user_agent>>","body":{"app_metadata":{"plan":"gold","locales":["de","ja"],
    "flags":{"beta":<<flag>>,"score":0.<<below:99999>>1},"quota":{"orders":{"monthly":{"limit":<<below:9999>>,
    "used":{"web":[<<below:99>>,<<below:99>>],"api":[{"day":"2026-11-19","count":12345678901234567890}]}}}}},
    "password":"*****","user_metadata":{"note":"<<word:700>>"}},
    "channel":"https://manage.auth0.com/","ip":"<<ip>>","auth":{
    "user":{"user_id":"<<user_id>>","name":"<<full_name>>","email":"<<user_name>>"},
    "strategy":"jwt","credentials":{"jti":"<<hex:32>>","scopes":["create:client_grants","create:clients",
    "create:users","delete:client_grants","delete:clients","delete:connections","delete:users","read:actions",
    "read:client_grants","read:clients","read:connections","read:log_streams","read:logs","read:organizations",
    "read:roles","read:users","update:actions","update:clients","update:connections","update:log_streams",
    "update:organizations","update:roles","update:tenant_settings","update:users","update:users_app_metadata"]}}},
    "response":{"statusCode":200,"body":{"user_id":"<<user_id>>","email":"<<user_name>>","email_verified":<<flag>>,
    "name":"<<full_name>>","created_at":"2024-02-29T23:59:59.999Z","updated_at":"<<date>>",
    "identities":[{"connection":"<<connection>>","provider":"<<strategy>>","user_id":"<<hex:24>>","isSocial":<<flag>>}],
    "app_metadata":{"plan":"gold","history":[{"plan":"silver","until":{"year":2025,"reasons":["<<word:600>>"]}}]},
    "last_ip":"<<ip>>","last_login":"<<date>>","logins_count":<<below:999>>}}}"#;

const API_READ: &str = r#"{"request":{"method":"get","path":"/api/v2/users",
    "query":{"page":"<<below:40>>","per_page":"100","q":"email:\"*@example.com\""},"userAgent":"<<user_agent>>",
    "channel":"api","ip":"<<ip>>","auth":{"strategy":"jwt","credentials":{"jti":"<<hex:32>>",
    "scopes":["read:users","read:logs"]}}},"response":{"statusCode":200}}"#;

const API_LIMIT: &str = r#"{"limit":{"bucket":"global-management-api","global":true,"size":50},
    "resource":"/api/v2/logs","window":"1s"}"#;

const ACTION_FAILED: &str = r#"{"action_id":"<<hex:36>>","action_name":"Rabatt für Stammkunden",
    "trigger_id":"post-login","execution_id":"<<word:32>>","error_class":"user_error","action_error":{"name":"TypeError",
    "message":"Cannot read properties of undefined (reading 'plan')",
    "stack":"TypeError: Cannot read properties of undefined\n    at onExecutePostLogin (/opt/action.js:7:31)"}}"#;

const NEW_FEATURE: &str = r#"{"agent":{"id":"agt_<<word:16>>","delegation":{"subject":"<<user_id>>","depth":<<below:4>>}},
    "novel":[1,[2,{"deeper":[]}],null,1E+2]}"#;
