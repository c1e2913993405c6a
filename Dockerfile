# One build of every service, one small image for each. Choose one with `docker build --target user .`.
# Builder and runtime stand on the same Debian release, so that the C library is the same.

FROM rust:1.95.0-bookworm AS toolchain
WORKDIR /build
# The file would make rustup look for the toolchain that the image already is.
ENV RUSTUP_TOOLCHAIN=1.95.0 CARGO_TERM_COLOR=never

# Manifests alone, with empty sources in place of ours: the layer after it holds the compiled dependencies and is
# kept until a manifest changes.
FROM toolchain AS manifests
COPY Cargo.toml Cargo.lock ./
COPY . /all
RUN cd /all \
    && find . -name Cargo.toml -not -path './target/*' | while read -r manifest; do \
        package=$(dirname "$manifest"); \
        mkdir -p "/build/$package/src"; \
        cp "$manifest" "/build/$manifest"; \
        echo 'fn main() {}' > "/build/$package/src/main.rs"; \
        touch "/build/$package/src/lib.rs"; \
    done \
    && find /build -exec touch -h -d '2000-01-01' {} +

FROM toolchain AS dependencies
COPY --from=manifests /build ./
RUN cargo build --release --locked --bin api-gateway --bin user --bin hubspot --bin hubspot-sandbox

FROM dependencies AS build
COPY . .
# Newer than what stood in their place, whatever times the checkout gave them.
RUN find . -name '*.rs' -not -path './target/*' -exec touch {} + \
    && cargo build --release --locked --bin api-gateway --bin user --bin hubspot --bin hubspot-sandbox \
    && mkdir -p /out /data \
    && cp target/release/api-gateway target/release/user target/release/hubspot target/release/hubspot-sandbox /out/

# Debian's C library and certificates, no shell; runs as user 65532.
FROM gcr.io/distroless/cc-debian12:nonroot AS runtime
WORKDIR /app
ENV LOG_FORMAT=json

FROM runtime AS api-gateway
COPY --from=build /out/api-gateway /usr/local/bin/api-gateway
ENV API_GATEWAY_HOST=0.0.0.0 API_GATEWAY_PORT=3030
EXPOSE 3030
HEALTHCHECK --interval=5s --timeout=3s --start-period=10s CMD ["/usr/local/bin/api-gateway", "health"]
ENTRYPOINT ["/usr/local/bin/api-gateway"]

FROM runtime AS user
COPY --from=build /out/user /usr/local/bin/user
# The data folder belongs to the user who runs, and so does a volume first mounted there.
COPY --from=build --chown=65532:65532 /data /data
ENV USER_DATABASE_URL=sqlite:/data/users.db USER_HEALTH_LISTEN=0.0.0.0:3032
VOLUME /data
HEALTHCHECK --interval=5s --timeout=3s --start-period=10s CMD ["/usr/local/bin/user", "health"]
ENTRYPOINT ["/usr/local/bin/user"]

FROM runtime AS hubspot
COPY --from=build /out/hubspot /usr/local/bin/hubspot
ENV HUBSPOT_HEALTH_LISTEN=0.0.0.0:3033
HEALTHCHECK --interval=5s --timeout=3s --start-period=10s CMD ["/usr/local/bin/hubspot", "health"]
ENTRYPOINT ["/usr/local/bin/hubspot"]

FROM runtime AS sandbox
COPY --from=build /out/hubspot-sandbox /usr/local/bin/hubspot-sandbox
COPY --from=build --chown=65532:65532 /data /data
EXPOSE 3031
VOLUME /data
HEALTHCHECK --interval=5s --timeout=3s --start-period=10s CMD ["/usr/local/bin/hubspot-sandbox", "health"]
ENTRYPOINT ["/usr/local/bin/hubspot-sandbox"]
CMD ["--listen", "0.0.0.0:3031", "--data", "/data/hubspot.jsonl"]
