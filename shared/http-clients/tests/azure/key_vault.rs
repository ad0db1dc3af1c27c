//! The secrets of a vault: which versions are live, and what is said of a vault that refuses.

use fakes::azure::key_vault::KeyVault;
use fakes::faults::{Fault, Faults};
use http_clients::KeyVault as Client;
use relay::{SecretStore, chain};

use crate::app::App;

async fn live(client: &Client, uri: &str) -> Result<Vec<String>, String> {
    match client.live_versions(uri).await {
        Ok(versions) => Ok(versions
            .iter()
            .map(|secret| secret.expose().to_owned())
            .collect()),
        Err(error) => Err(chain(&error).to_string().replace(uri, "URI")),
    }
}

#[tokio::test]
async fn the_newest_two_versions_are_live_as_the_secret_rotates() {
    let app = App::start().await;
    let vault = KeyVault::start(app.tokens(), Faults::healthy())
        .await
        .unwrap();
    let client = Client::new(&app.identity);
    let uri = vault.put("tokens", "v0");
    assert_eq!(live(&client, &uri).await.unwrap(), ["v0"]);
    for number in 1..=60 {
        vault.put("tokens", &format!("v{number}"));
    }
    assert_eq!(live(&client, &uri).await.unwrap(), ["v60", "v59"]);
    vault.disable("tokens", "v60");
    assert_eq!(live(&client, &uri).await.unwrap(), ["v59", "v58"]);
    app.tokens().revoke_all();
    assert_eq!(live(&client, &uri).await.unwrap(), ["v59", "v58"]);
    assert_eq!(app.tokens().issued(), 2);
}

#[tokio::test]
async fn a_busy_vault_is_asked_again_and_one_that_denies_is_not() {
    let app = App::start().await;
    let faults = Faults::healthy();
    let vault = KeyVault::start(app.tokens(), faults.clone()).await.unwrap();
    let client = Client::new(&app.identity);
    let uri = vault.put("tokens", "v0");
    faults.script([
        Fault::Throttle,
        Fault::DropBefore,
        Fault::Healthy,
        Fault::DropAfter,
    ]);
    assert_eq!(live(&client, &uri).await.unwrap(), ["v0"]);
    faults.always(Fault::Denied);
    let error = live(&client, &uri).await.unwrap_err();
    assert_eq!(
        error,
        "cannot read `URI`: Key Vault answered 403 ForbiddenByRbac: check the URI, that the version is enabled, and \
         that the identity has the role Key Vault Secrets User"
    );
    assert_eq!(faults.injected()["denied"], 1);
}

#[tokio::test]
async fn a_secret_without_an_enabled_version_has_none() {
    let app = App::start().await;
    let vault = KeyVault::start(app.tokens(), Faults::healthy())
        .await
        .unwrap();
    let client = Client::new(&app.identity);
    let uri = vault.put("tokens", "v0");
    vault.disable("tokens", "v0");
    let error = live(&client, &uri).await.unwrap_err();
    assert_eq!(error, "cannot read `URI`: no version of it is enabled");
    let error = live(&client, &format!("{uri}-other")).await.unwrap_err();
    assert!(error.contains("404 SecretNotFound"), "{error}");
}
