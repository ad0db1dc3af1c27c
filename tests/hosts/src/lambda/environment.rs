//! The environment that Lambda gives a process, with invented values where the real ones are secrets.

use std::ffi::OsString;
use std::net::SocketAddr;
use std::path::Path;

use fakes::aws::{ACCOUNT, REGION};

/// The ARN of a function by its name.
pub(crate) fn function_arn(name: &str) -> String {
    format!("arn:aws:lambda:{REGION}:{ACCOUNT}:function:{name}")
}

/// The variables that Lambda sets for a process whose Runtime API listens at an address.
pub(crate) fn variables(
    function: &str,
    binary: &Path,
    runtime_api: SocketAddr,
) -> Vec<(&'static str, OsString)> {
    let task_root = binary.parent().unwrap_or(Path::new("/var/task"));
    let log_stream = format!("local/[$LATEST]{:032x}", fastrand::u128(..));
    let mut variables = vec![
        ("AWS_LAMBDA_RUNTIME_API", runtime_api.to_string().into()),
        ("AWS_LAMBDA_FUNCTION_NAME", function.into()),
        ("AWS_LAMBDA_FUNCTION_VERSION", "$LATEST".into()),
        ("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "128".into()),
        ("AWS_LAMBDA_INITIALIZATION_TYPE", "on-demand".into()),
        (
            "AWS_LAMBDA_LOG_GROUP_NAME",
            format!("/aws/lambda/{function}").into(),
        ),
        ("AWS_LAMBDA_LOG_STREAM_NAME", log_stream.into()),
        ("AWS_REGION", REGION.into()),
        ("AWS_DEFAULT_REGION", REGION.into()),
        ("AWS_ACCESS_KEY_ID", "local-access-key".into()),
        ("AWS_SECRET_ACCESS_KEY", "local-secret-key".into()),
        ("AWS_SESSION_TOKEN", "local-session-token".into()),
        ("LAMBDA_TASK_ROOT", task_root.into()),
        ("LAMBDA_RUNTIME_DIR", "/var/runtime".into()),
        ("_HANDLER", "bootstrap".into()),
        ("TZ", ":UTC".into()),
    ];
    if let Some(path) = std::env::var_os("PATH") {
        variables.push(("PATH", path));
    }
    variables
}
