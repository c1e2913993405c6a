//! The API that is called and the credentials for it. The credentials of an account are never sent to a sandbox.

use runtime::settings::{Env, Reader, SecretSource};

use crate::client::{ApiVersion, Credentials, OAuthApp, Target};

pub(super) const TOKEN: &str = "HUBSPOT_ACCESS_TOKEN";
const TOKEN_FILE: &str = "HUBSPOT_ACCESS_TOKEN_FILE";
pub(crate) const CLIENT_ID: &str = "HUBSPOT_OAUTH_CLIENT_ID";
pub(crate) const CLIENT_SECRET: &str = "HUBSPOT_OAUTH_CLIENT_SECRET";
const CLIENT_SECRET_FILE: &str = "HUBSPOT_OAUTH_CLIENT_SECRET_FILE";
pub(crate) const REFRESH_TOKEN: &str = "HUBSPOT_OAUTH_REFRESH_TOKEN";
pub(crate) const REFRESH_TOKEN_FILE: &str = "HUBSPOT_OAUTH_REFRESH_TOKEN_FILE";
const TOKEN_SETTINGS: [&str; 2] = [TOKEN, TOKEN_FILE];
const OAUTH_SETTINGS: [&str; 5] = [
    CLIENT_ID,
    CLIENT_SECRET,
    CLIENT_SECRET_FILE,
    REFRESH_TOKEN,
    REFRESH_TOKEN_FILE,
];
const ACCOUNT_ID: &str = "HUBSPOT_ACCOUNT_ID";
pub(super) const SANDBOX: &str = "HUBSPOT_SANDBOX_URL";
/// The placeholders in the example file. A setting with its placeholder counts as not set.
pub(super) const PLACEHOLDERS: [(&str, &str); 4] = [
    (TOKEN, "your-hubspot-access-token"),
    (CLIENT_ID, "your-hubspot-client-id"),
    (CLIENT_SECRET, "your-hubspot-client-secret"),
    (REFRESH_TOKEN, "your-hubspot-refresh-token"),
];
/// The token that is sent to a sandbox, never a real one.
const SANDBOX_TOKEN: &str = "sandbox-token";

/// The API that is called and the credentials for it.
#[derive(Debug, Clone)]
pub struct Access {
    /// The API that is called.
    pub target: Target,
    /// The source of the token.
    pub credentials: Credentials,
    /// The account that the credentials have to belong to, if the settings name one.
    pub account_id: Option<String>,
    /// Whether the address of a sandbox is set but ignored, because there are credentials of an account.
    pub ignores_sandbox: bool,
}

/// The settings without placeholders, so that a placeholder hides neither a file nor a sandbox.
pub(crate) fn without_placeholders(env: &Env) -> Env {
    let mut env = env.clone();
    for (name, placeholder) in PLACEHOLDERS {
        if env.get(name) == Some(placeholder) {
            env = env.with(name, "");
        }
    }
    env
}

pub(super) fn names_credentials(env: &Env) -> bool {
    let env = without_placeholders(env);
    TOKEN_SETTINGS
        .iter()
        .chain(&OAUTH_SETTINGS)
        .any(|name| env.get(name).is_some())
}

pub(super) fn read(reader: &mut Reader<'_>) -> Option<Access> {
    let version = reader.one_of("HUBSPOT_API_VERSION", ApiVersion::default(), &ApiVersion::CHOICES);
    let account_id = reader.optional_within(ACCOUNT_ID, 1..=u64::MAX);
    let account_id = account_id.map(|id| id.to_string());
    let token_setting = TOKEN_SETTINGS.into_iter().find(|name| reader.look_for(name));
    let oauth_setting = OAUTH_SETTINGS.into_iter().find(|name| reader.look_for(name));
    let sandbox = reader.optional::<String>(SANDBOX);
    let token = reader.secret_source(TOKEN).map(Credentials::Token);
    let oauth = oauth_setting
        .and_then(|_| read_oauth(reader))
        .map(Credentials::OAuth);
    if let (Some(token_setting), Some(oauth_setting)) = (token_setting, oauth_setting) {
        reader.fault(
            token_setting,
            format!(
                "and {oauth_setting} are both set; keep either the token or the settings of the OAuth app"
            ),
        );
    }
    if token_setting.or(oauth_setting).is_none() {
        let access = read_sandbox(reader, sandbox, version)?;
        return Some(Access { account_id, ..access });
    }
    // If the credentials cannot be read, the reader has noted the error. The sandbox must not be called instead.
    Some(Access {
        target: Target::hubspot(version),
        credentials: token.or(oauth)?,
        account_id,
        ignores_sandbox: sandbox.is_some(),
    })
}

fn read_oauth(reader: &mut Reader<'_>) -> Option<OAuthApp> {
    let client_id = reader.optional::<String>(CLIENT_ID);
    if client_id.is_none() {
        missing(reader, CLIENT_ID);
    }
    let client_secret = read_part(reader, CLIENT_SECRET, CLIENT_SECRET_FILE);
    let refresh_token = read_refresh_token(reader);
    Some(OAuthApp {
        client_id: client_id?,
        client_secret: client_secret?,
        refresh_token: refresh_token?,
    })
}

fn read_part(reader: &mut Reader<'_>, name: &str, file_name: &str) -> Option<SecretSource> {
    if !reader.look_for(name) && !reader.look_for(file_name) {
        missing(reader, name);
    }
    reader.secret_source(name)
}

/// Reads the refresh token. Before the app is connected its file does not exist, and the error says what to do.
fn read_refresh_token(reader: &mut Reader<'_>) -> Option<SecretSource> {
    if let Some(path) = reader.optional::<std::path::PathBuf>(REFRESH_TOKEN_FILE)
        && !reader.look_for(REFRESH_TOKEN)
        && !path.exists()
    {
        reader.fault(
            REFRESH_TOKEN_FILE,
            "names a file that does not exist; hubsync connect connects the app to a HubSpot account and writes it",
        );
        return None;
    }
    read_part(reader, REFRESH_TOKEN, REFRESH_TOKEN_FILE)
}

fn missing(reader: &mut Reader<'_>, name: &str) {
    let together = format!("{CLIENT_ID}, {CLIENT_SECRET} and {REFRESH_TOKEN} belong together");
    reader.fault(name, format!("is not set; {together}"));
}

fn read_sandbox(reader: &mut Reader<'_>, address: Option<String>, version: ApiVersion) -> Option<Access> {
    let Some(address) = address else {
        reader.fault(
            TOKEN,
            format!(
                "is not set, and neither is {SANDBOX}. Set {TOKEN} to a service key of your HubSpot account (in HubSpot: \
                 Settings, Integrations, Service Keys) with the scopes crm.objects.contacts.read and \
                 crm.objects.contacts.write; or for an OAuth app {CLIENT_ID}, {CLIENT_SECRET} and {REFRESH_TOKEN_FILE}, \
                 which hubsync connect writes; or {SANDBOX} to the address of the HubSpot sandbox, such as \
                 http://127.0.0.1:3031"
            ),
        );
        return None;
    };
    if address.contains('@') {
        reader.fault(
            SANDBOX,
            "holds a user or a password; the sandbox asks for neither, so leave it out",
        );
        return None;
    }
    match Target::sandbox(&address, version) {
        Ok(target) => Some(Access {
            target,
            credentials: Credentials::fixed(SANDBOX_TOKEN),
            account_id: None,
            ignores_sandbox: false,
        }),
        Err(error) => {
            reader.fault(SANDBOX, error.to_string());
            None
        }
    }
}
