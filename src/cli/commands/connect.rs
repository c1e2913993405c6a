//! `hubsync connect`: connects an OAuth app to a HubSpot account and writes the refresh token to a file.
//!
//! A person consents on HubSpot's page, which sends the browser back to this machine with a code. The command exchanges
//! the code for a refresh token. No secret appears on the command line, on the terminal or on the browser's page.

mod consent_request;
mod redirect;
mod token_file;

use std::{
    io::{self, IsTerminal},
    time::Duration,
};

use ::runtime::{Shutdown, settings::SettingsError};
use clap::{Args, value_parser};
use hubspot::{
    client::{Connected, Consent, NotConnected, Target, TargetError, connect as exchange_code},
    connect::ConnectSettings,
};
use url::Url;

use super::super::{
    CommandError, ExitStatus,
    terminal::{confirm, print},
};
use consent_request::ConsentRequest;
use redirect::{ConsentAnswer, RedirectError, RedirectListener};
use token_file::TokenFile;

/// How to connect the app.
#[derive(Debug, Args)]
pub(crate) struct Connect {
    /// The address that HubSpot sends the browser back to. Register exactly this address in the app's settings in
    /// HubSpot. It must name this machine as localhost or 127.0.0.1.
    #[arg(
        long,
        value_name = "URL",
        default_value = "http://localhost:3034/oauth/callback",
        overrides_with = "redirect_uri"
    )]
    redirect_uri: Url,
    /// HubSpot's page for connecting an app, as the app's settings show it. For accounts in the European data centre,
    /// its host is app-eu1.hubspot.com.
    #[arg(
        long,
        value_name = "URL",
        default_value = "https://app.hubspot.com/oauth/authorize"
    )]
    authorize_url: Url,
    /// A scope that the app requires in addition to crm.objects.contacts.read, crm.objects.contacts.write and oauth.
    /// Can be given several times.
    #[arg(long = "scope", value_name = "SCOPE")]
    scopes: Vec<String>,
    /// How many seconds to wait for the consent.
    #[arg(long, value_name = "SECONDS", default_value_t = 300, value_parser = value_parser!(u64).range(1..=3_600))]
    timeout: u64,
    /// Prints the address of HubSpot's page without opening a browser.
    #[arg(long)]
    no_browser: bool,
    /// Replaces a refresh token that is already in the file without asking.
    #[arg(long)]
    yes: bool,
    /// Connects to the HubSpot sandbox at this address instead, to try the command.
    #[arg(long, value_name = "URL", overrides_with = "sandbox")]
    sandbox: Option<Url>,
}

/// Why the app was not connected.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ConnectError {
    /// Settings are missing or invalid.
    #[error("{0}")]
    Settings(#[from] SettingsError),
    /// `--authorize-url` is not safe to open.
    #[error(
        "--authorize-url must begin with https://, or with http:// on this machine, because people type passwords there"
    )]
    AuthorizeUrl,
    /// `--sandbox` is not the address of a sandbox.
    #[error("--sandbox {0}")]
    Sandbox(#[from] TargetError),
    /// The settings have the credentials of a real app, which must not be sent to a sandbox.
    #[error(
        "--sandbox works with the sandbox's own app only: set HUBSPOT_OAUTH_CLIENT_ID to sandbox-client; the secret of \
         another app is never sent to a sandbox"
    )]
    NotTheSandboxsApp,
    /// The command cannot listen for the browser.
    #[error(transparent)]
    Redirect(#[from] RedirectError),
    /// The file for the refresh token cannot be written.
    #[error("the file that HUBSPOT_OAUTH_REFRESH_TOKEN_FILE names cannot be written: {0}")]
    File(#[source] io::Error),
    /// No answer came back from the browser in time.
    #[error(
        "no consent within {0} s; run connect again, with --timeout to wait longer; if HubSpot's page shows an error, \
         register the redirect URL in the app's settings in HubSpot"
    )]
    TimedOut(u64),
    /// The person did not consent.
    #[error(
        "the consent was denied on HubSpot's page (access_denied); run connect again and allow the connection"
    )]
    Denied,
    /// HubSpot's page reported another error.
    #[error("HubSpot's page reported the error {0}; check the app's settings in HubSpot")]
    Page(String),
    /// HubSpot accepted the consent, but issued no tokens.
    #[error(transparent)]
    NotConnected(#[from] NotConnected),
}

/// The client id of each sandbox app begins with this. HubSpot's client ids are UUIDs.
const SANDBOX_CLIENT_ID_PREFIX: &str = "sandbox-";

pub(crate) async fn run(connect: &Connect) -> Result<ExitStatus, CommandError> {
    let settings = ConnectSettings::load().map_err(ConnectError::from)?;
    let (target, page) = connect.target_and_page(&settings)?;
    if settings.refresh_token_file.exists() {
        let file = settings.refresh_token_file.display();
        confirm(
            &format!("{file} already holds a refresh token. This replaces it."),
            connect.yes,
        )?;
    }
    let shutdown = Shutdown::on_signals().map_err(CommandError::Signals)?;
    // The code that HubSpot sends can be used only once, so everything else that can fail is tried before the person
    // goes to HubSpot's page.
    let file = TokenFile::prepare(&settings.refresh_token_file).map_err(ConnectError::File)?;
    let listener = RedirectListener::bind(&connect.redirect_uri)
        .await
        .map_err(ConnectError::from)?;
    let request = ConsentRequest::new(&page, &settings.client_id, listener.uri(), &connect.scopes);
    connect.show_consent_page(&request, &listener)?;
    let connecting = connect.wait_for_tokens(&settings, &target, request, listener);
    let connected = shutdown.or(connecting).await.ok_or(CommandError::Stopped)??;
    file.save(&connected.refresh_token).map_err(ConnectError::File)?;
    print(&describe_success(&settings, &connected))?;
    Ok(ExitStatus::Success)
}

impl Connect {
    /// The API and the consent page, of HubSpot or of the sandbox.
    fn target_and_page(&self, settings: &ConnectSettings) -> Result<(Target, Url), ConnectError> {
        if let Some(sandbox) = &self.sandbox {
            if !settings.client_id.starts_with(SANDBOX_CLIENT_ID_PREFIX) {
                return Err(ConnectError::NotTheSandboxsApp);
            }
            let target = Target::sandbox(sandbox.as_str(), settings.version)?;
            let page = sandbox
                .join("/oauth/authorize")
                .map_err(|_| ConnectError::AuthorizeUrl)?;
            return Ok((target, page));
        }
        let is_safe =
            self.authorize_url.scheme() == "https" || redirect::is_this_machine(&self.authorize_url);
        if !is_safe || self.authorize_url.cannot_be_a_base() {
            return Err(ConnectError::AuthorizeUrl);
        }
        Ok((Target::hubspot(settings.version), self.authorize_url.clone()))
    }

    /// Prints the address of the consent page, and opens it in a browser if a person is at the terminal.
    fn show_consent_page(&self, request: &ConsentRequest, listener: &RedirectListener) -> io::Result<()> {
        let (page, uri, timeout) = (request.page(), listener.uri(), self.timeout);
        print(&format!(
            "Redirect URL  {uri}\n\
             Register exactly this address in the app's settings in HubSpot.\n\n\
             Open this page, choose the HubSpot account, and allow the connection:\n\n  {page}\n\n\
             Waiting for up to {timeout} s. Ctrl-C stops the command and changes nothing.\n"
        ))?;
        if !self.no_browser && io::stdout().is_terminal() {
            // Without a browser, the person copies the address from the terminal.
            drop(open::that_detached(page.as_str()));
        }
        Ok(())
    }

    /// Waits for the browser to come back, and exchanges the code that it brings for tokens.
    async fn wait_for_tokens(
        &self,
        settings: &ConnectSettings,
        target: &Target,
        request: ConsentRequest,
        listener: RedirectListener,
    ) -> Result<Connected, ConnectError> {
        let redirect_uri = listener.uri().to_string();
        let timeout = Duration::from_secs(self.timeout);
        let code = match listener.wait_for_answer(request.state(), timeout).await {
            None => return Err(ConnectError::TimedOut(self.timeout)),
            Some(ConsentAnswer::Code(code)) => code,
            Some(ConsentAnswer::Error(error)) if error == "access_denied" => {
                return Err(ConnectError::Denied);
            }
            Some(ConsentAnswer::Error(error)) => return Err(ConnectError::Page(error)),
        };
        let consent = Consent {
            code,
            redirect_uri,
            verifier: request.into_verifier(),
        };
        Ok(exchange_code(target, &settings.client_id, &settings.client_secret, &consent).await?)
    }
}

fn describe_success(settings: &ConnectSettings, connected: &Connected) -> String {
    let account = connected.account_id.as_deref();
    let account = account.map_or_else(
        || "a HubSpot account whose id HubSpot does not report".to_owned(),
        |account_id| format!("the HubSpot account {account_id}"),
    );
    let file = settings.refresh_token_file.display();
    format!(
        "\nConnected {account}. If this is not the account you chose, remove the app from it and run connect again.\n\
         The refresh token is in {file}.\n\
         Start hubsync now (cargo run -- --data .hubsync-live, or the hubspot service). A hubspot service that is already \
         running starts to use the token within seconds.\n"
    )
}
