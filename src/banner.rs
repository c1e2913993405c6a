//! What people are told once the gateway listens.

use std::net::SocketAddr;

/// The addresses of what runs.
pub(crate) struct Banner<'a> {
    pub(crate) gateway: SocketAddr,
    pub(crate) nats: &'a str,
    pub(crate) data: &'a std::path::Path,
    /// The sandbox's address, unless a real HubSpot is written to.
    pub(crate) sandbox: Option<SocketAddr>,
}

impl Banner<'_> {
    pub(crate) fn text(&self) -> String {
        let gateway = self.gateway;
        let crm = match self.sandbox {
            Some(address) => {
                format!(
                    "http://{address}/  (the sandbox; set HUBSPOT_ACCESS_TOKEN to a service key to use a real account)"
                )
            }
            None => "https://api.hubapi.com  (a real account: its contacts are changed)".to_owned(),
        };
        format!(
            "\nhubsync listens\n\n  \
             gateway  http://{gateway}\n  \
             console  http://{gateway}/\n  \
             HubSpot  {crm}\n  \
             NATS     {nats}\n  \
             data     {data}\n\n\
             Change a user:\n\n  \
             curl -i -X PATCH http://{gateway}/users/1 -H 'Content-Type: application/json' \\\n    \
             -d '{{\"email\":\"bh@hubspot.com\",\"firstName\":\"Ada\",\"lastName\":\"Lovelace\"}}'\n\n\
             See what became of it (missing, for an address that no contact has):\n\n  \
             curl http://{gateway}/users/1/sync\n\n\
             Ctrl-C stops everything.\n",
            nats = self.nats,
            data = self.data.display(),
        )
    }
}
