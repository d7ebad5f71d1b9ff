use super::*;

#[test]
fn every_number_is_rendered_with_its_labels() {
    let metrics = Metrics::new();
    let call = metrics.arrived();
    metrics.answered(Some("stripe"), 200);
    metrics.answered(Some("stripe"), 204);
    metrics.answered(None, 404);
    metrics.refused("app_unknown");
    metrics.refreshed(RefreshOutcome::Ended);
    metrics.upstream(Duration::from_millis(30));
    metrics.panicked();
    metrics.flooded(Flood::Ping);
    let text = metrics.render();
    for line in [
        "keyferry_requests_total{app=\"stripe\",class=\"2xx\"} 2",
        "keyferry_requests_total{app=\"none\",class=\"4xx\"} 1",
        "keyferry_requests_in_flight 1",
        "keyferry_refusals_total{reason=\"app_unknown\"} 1",
        "keyferry_refreshes_total{outcome=\"ended\"} 1",
        "keyferry_refreshes_total{outcome=\"renewed\"} 0",
        "keyferry_upstream_seconds_bucket{le=\"0.025\"} 0",
        "keyferry_upstream_seconds_bucket{le=\"0.05\"} 1",
        "keyferry_upstream_seconds_count 1",
        "keyferry_panics_total 1",
        "keyferry_http2_floods_total{kind=\"ping\"} 1",
        "keyferry_http2_floods_total{kind=\"unknown\"} 0",
    ] {
        assert!(text.lines().any(|found| found == line), "no line {line} in\n{text}");
    }
    drop(call);
    assert!(metrics.render().contains("keyferry_requests_in_flight 0"));
}

#[test]
fn a_status_that_is_none_is_not_counted() {
    let metrics = Metrics::new();
    for status in [0, 99, 600, u16::MAX] {
        metrics.answered(None, status);
    }
    let text = metrics.render();
    assert!(!text.contains("keyferry_requests_total{"), "{text}");
}

#[test]
fn two_gateways_in_one_process_count_apart() {
    let (one, other) = (Metrics::new(), Metrics::new());
    one.panicked();
    assert!(other.render().contains("keyferry_panics_total 0"));
}

#[test]
fn lg_5_the_number_of_series_is_bounded() {
    let metrics = Metrics::new();
    (0..100_000).for_each(|n| metrics.answered(Some(&format!("app-{n}")), 200));
    assert!(metrics.0.requests.len() <= MOST_APPS + 1);
    assert!(metrics.render().contains("app=\"other\",class=\"2xx\"} 99820"));
}

#[test]
fn the_documentation_lists_every_number() {
    let page = include_str!("../../../docs/metrics.md");
    for name in [REQUESTS, IN_FLIGHT, REFUSALS, UPSTREAM, REFRESHES, PANICS, FLOODS, BUILD] {
        assert!(page.contains(&format!("`{name}")), "docs/metrics.md doesn't name {name}");
    }
}
