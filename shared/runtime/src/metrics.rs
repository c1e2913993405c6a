//! Metrics for Prometheus, in the OpenMetrics text format. Parts of a service register theirs, and `/metrics` shows all.
//! <https://prometheus.io/docs/specs/om/open_metrics_spec/>

use std::sync::{Arc, PoisonError, RwLock};

use axum::{
    Router,
    extract::State,
    http::{StatusCode, header::CONTENT_TYPE},
    response::{IntoResponse, Response},
    routing::get,
};
use prometheus_client::{
    encoding::text::encode,
    registry::{Metric, Registry},
};

/// The prefix of every name.
const PREFIX: &str = "hubsync";
const OPEN_METRICS: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

/// The metrics of one process. Clones share them.
#[derive(Debug, Clone)]
pub struct Metrics {
    registry: Arc<RwLock<Registry>>,
}

impl Default for Metrics {
    fn default() -> Self {
        Self {
            registry: Arc::new(RwLock::new(Registry::with_prefix(PREFIX))),
        }
    }
}

impl Metrics {
    /// Registers a metric as `hubsync_{name}`. Clones of the metric share its value.
    pub fn register(&self, name: &str, help: &str, metric: impl Metric) {
        let mut registry = self.registry.write().unwrap_or_else(PoisonError::into_inner);
        registry.register(name, help, metric);
    }

    /// The metrics as they are now, in the OpenMetrics text format.
    pub fn text(&self) -> String {
        let registry = self.registry.read().unwrap_or_else(PoisonError::into_inner);
        let mut text = String::new();
        encode(&mut text, &registry).expect("a text takes whatever is written to it");
        text
    }

    /// The route `/metrics`.
    pub fn router(&self) -> Router {
        Router::new()
            .route("/metrics", get(metrics))
            .with_state(self.clone())
    }
}

async fn metrics(State(metrics): State<Metrics>) -> Response {
    (StatusCode::OK, [(CONTENT_TYPE, OPEN_METRICS)], metrics.text()).into_response()
}

#[cfg(test)]
mod tests {
    use prometheus_client::metrics::gauge::Gauge;

    use super::*;

    #[test]
    fn a_metric_is_shown_with_its_present_value() {
        let metrics = Metrics::default();
        let depth = Gauge::<i64>::default();
        metrics.register("depth", "How deep it is", depth.clone());
        depth.set(7);
        let text = metrics.text();
        assert!(text.contains("hubsync_depth 7\n"), "{text}");
        assert!(text.ends_with("# EOF\n"), "{text}");
    }
}
