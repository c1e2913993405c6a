//! The text that is printed once the gateway listens.

use std::{net::SocketAddr, path::Path};

/// The addresses of what runs.
pub(super) struct Banner<'a> {
    pub(super) gateway: SocketAddr,
    pub(super) nats: &'a str,
    pub(super) data: &'a Path,
    /// The sandbox's address, or `None` with a real HubSpot account.
    pub(super) sandbox: Option<SocketAddr>,
}

impl Banner<'_> {
    pub(super) fn text(&self) -> String {
        let gateway = self.gateway;
        let hubspot = match self.sandbox {
            Some(address) => {
                format!(
                    "http://{address}/  (the sandbox; set HUBSPOT_ACCESS_TOKEN to a service key to use a real account)"
                )
            }
            None => "https://api.hubapi.com  (a real account: hubsync changes its contacts)".to_owned(),
        };
        format!(
            "\nhubsync listens\n\n  \
             gateway  http://{gateway}\n  \
             console  http://{gateway}/\n  \
             HubSpot  {hubspot}\n  \
             NATS     {nats}\n  \
             data     {data}\n\n\
             Change a user:\n\n  \
             curl -i -X PATCH http://{gateway}/users/1 -H 'Content-Type: application/json' \\\n    \
             -d '{{\"email\":\"bh@hubspot.com\",\"firstName\":\"Ada\",\"lastName\":\"Lovelace\"}}'\n\n\
             See its sync state (notFound if no contact has the address):\n\n  \
             curl http://{gateway}/users/1/sync\n\n\
             Ctrl-C stops everything.\n",
            nats = self.nats,
            data = self.data.display(),
        )
    }
}
