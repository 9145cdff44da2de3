# One image with all programs; compose.yaml runs it once for each.

FROM debian:12 AS build
RUN apt-get update && DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends \
        autoconf automake gcc libc6-dev libcurl4-openssl-dev libfcgi-dev libgumbo-dev libjson-c-dev libpq-dev \
        libidn2-dev libsodium-dev libstemmer-dev libutf8proc-dev libuv1-dev libwebsockets-dev libxml2-dev make nodejs npm \
        pkg-config uuid-dev zlib1g-dev \
    && rm -rf /var/lib/apt/lists/*
COPY . /source
RUN cd /source && autoreconf -i && mkdir /build && cd /build \
    && /source/configure --prefix=/usr --sysconfdir=/etc && make -j"$(nproc)" && make install-strip DESTDIR=/image

FROM debian:12
RUN apt-get update && DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends \
        ca-certificates libcurl4 libfcgi0ldbl libgumbo1 libidn2-0 libjson-c5 libpq5 libsodium23 libstemmer0d libutf8proc2 libuuid1 libuv1 libwebsockets17 zlib1g \
        libxml2 nginx-light poppler-utils postgresql-client-15 \
    && rm -rf /var/lib/apt/lists/* /etc/nginx/sites-enabled/default
COPY --from=build /image/ /
RUN useradd --system --no-create-home --home-dir /nonexistent --shell /usr/sbin/nologin offstage \
    && install -d -o offstage -g www-data -m 2750 /run/offstage \
    && ldd /usr/bin/offstage-app /usr/bin/offstage-stream /usr/bin/offstage-worker /usr/bin/offstage-admin | { ! grep 'not found'; } \
    && offstage-nginx listen=0.0.0.0:8080 access_log=/dev/stdout >/etc/nginx/sites-enabled/offstage \
    && nginx -t
USER offstage
CMD ["offstage-app"]
