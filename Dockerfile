# The command pgswarm in a small image. The database is elsewhere: set PGSWARM_DATABASE_URL.

FROM swift:6.2-bookworm AS build
RUN apt-get update \
    && apt-get install -y --no-install-recommends libpq-dev pkg-config \
    && rm -rf /var/lib/apt/lists/*
WORKDIR /pgswarm
# The dependencies change less often than the sources: a layer of their own.
COPY Package.swift ./
RUN swift package resolve
COPY Migrations ./Migrations
COPY Sources ./Sources
# Not built, but the manifest names them.
COPY Tests ./Tests
RUN swift build -c release --product pgswarm --static-swift-stdlib \
    && install -s "$(swift build -c release --show-bin-path)/pgswarm" /usr/local/bin/pgswarm

# The same Debian as above, so that libpq and the C library fit.
FROM debian:bookworm-slim
RUN apt-get update \
    && apt-get install -y --no-install-recommends libpq5 ca-certificates curl \
    && rm -rf /var/lib/apt/lists/* \
    && useradd --create-home --uid 10001 pgswarm
COPY --from=build /usr/local/bin/pgswarm /usr/local/bin/pgswarm
USER pgswarm
WORKDIR /home/pgswarm
ENTRYPOINT ["pgswarm"]
CMD ["--help"]
