# offstage-nginx prints a host's configuration from the template and the fragments it includes.

nginxdir = $(pkgdatadir)/nginx
dist_nginx_DATA = nginx/offstage.conf.in nginx/app.conf nginx/stream.conf \
	nginx/headers_api.conf nginx/headers_static.conf

htmldatadir = $(pkgdatadir)/html
dist_htmldata_DATA = nginx/html/index.html nginx/html/offstage.css

bin_SCRIPTS += offstage-nginx
CLEANFILES += offstage-nginx
offstage-nginx: nginx/offstage-nginx Makefile
	$(AM_V_GEN)$(SED) 's|@pkgdatadir[@]|$(pkgdatadir)|g; s|@VERSION[@]|$(VERSION)|g' \
		$(srcdir)/nginx/offstage-nginx >$@.tmp && chmod +x $@.tmp && mv $@.tmp $@

EXTRA_DIST += nginx/offstage-nginx nginx/nginx.conf.in
