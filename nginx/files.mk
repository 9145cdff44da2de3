# offstage-nginx prints a host's configuration from the template and the fragments it includes.

nginxdir = $(pkgdatadir)/nginx
dist_nginx_DATA = nginx/offstage.conf.in nginx/app.conf nginx/stream.conf \
	nginx/headers_api.conf nginx/headers_static.conf nginx/headers_widget.conf \
	nginx/headers_docs.conf

htmldatadir = $(pkgdatadir)/html
dist_htmldata_DATA = nginx/html/index.html nginx/html/widget.js

htmlcssdir = $(htmldatadir)/css
dist_htmlcss_DATA = nginx/html/css/base.css nginx/html/css/chat.css nginx/html/css/frame.css \
	nginx/html/css/pages.css

htmlimgdir = $(htmldatadir)/img
dist_htmlimg_DATA = nginx/html/img/icon-news.svg nginx/html/img/icon.svg

htmljsdir = $(htmldatadir)/js
dist_htmljs_DATA = nginx/html/js/api.js nginx/html/js/conversation.js nginx/html/js/dom.js \
	nginx/html/js/highlight.js nginx/html/js/keep.js nginx/html/js/live.js nginx/html/js/main.js \
	nginx/html/js/markdown.js nginx/html/js/outbox.js nginx/html/js/response.js \
	nginx/html/js/router.js nginx/html/js/store.js nginx/html/js/types.js nginx/html/js/ui.js \
	nginx/html/js/words.js

htmltransferdir = $(htmljsdir)/transfer
dist_htmltransfer_DATA = nginx/html/js/transfer/export.js nginx/html/js/transfer/import.js \
	nginx/html/js/transfer/patience.js nginx/html/js/transfer/split.js nginx/html/js/transfer/zip.js

htmlviewsdir = $(htmljsdir)/views
dist_htmlviews_DATA = nginx/html/js/views/admin.js nginx/html/js/views/agent.js \
	nginx/html/js/views/agent_form.js nginx/html/js/views/agent_tools.js \
	nginx/html/js/views/agents.js nginx/html/js/views/chat.js \
	nginx/html/js/views/chat_menu.js nginx/html/js/views/composer.js nginx/html/js/views/frame.js \
	nginx/html/js/views/log.js nginx/html/js/views/login.js nginx/html/js/views/message.js \
	nginx/html/js/views/palette.js nginx/html/js/views/parts.js nginx/html/js/views/passage.js \
	nginx/html/js/views/settings.js nginx/html/js/views/shelves.js nginx/html/js/views/transfers.js \
	nginx/html/js/views/sidebar.js nginx/html/js/views/source.js \
	nginx/html/js/views/sources.js nginx/html/js/views/steps.js \
	nginx/html/js/views/traces.js nginx/html/js/views/try_search.js

# Libraries from npm, in the source folder like what autoreconf makes, and part of the archive.
htmlvendordir = $(htmldatadir)/vendor
dist_htmlvendor_DATA = nginx/html/vendor/LICENSE nginx/html/vendor/markdown-it.js
htmlhighlightdir = $(htmlvendordir)/highlight
dist_htmlhighlight_DATA = nginx/html/vendor/highlight/bash.js nginx/html/vendor/highlight/c.js \
	nginx/html/vendor/highlight/core.js nginx/html/vendor/highlight/cpp.js \
	nginx/html/vendor/highlight/csharp.js nginx/html/vendor/highlight/css.js \
	nginx/html/vendor/highlight/diff.js nginx/html/vendor/highlight/dockerfile.js \
	nginx/html/vendor/highlight/go.js nginx/html/vendor/highlight/graphql.js \
	nginx/html/vendor/highlight/haskell.js nginx/html/vendor/highlight/http.js \
	nginx/html/vendor/highlight/ini.js nginx/html/vendor/highlight/java.js \
	nginx/html/vendor/highlight/javascript.js nginx/html/vendor/highlight/json.js \
	nginx/html/vendor/highlight/kotlin.js nginx/html/vendor/highlight/latex.js \
	nginx/html/vendor/highlight/lua.js nginx/html/vendor/highlight/makefile.js \
	nginx/html/vendor/highlight/markdown.js nginx/html/vendor/highlight/nginx.js \
	nginx/html/vendor/highlight/perl.js nginx/html/vendor/highlight/php.js \
	nginx/html/vendor/highlight/plaintext.js nginx/html/vendor/highlight/python.js \
	nginx/html/vendor/highlight/r.js nginx/html/vendor/highlight/ruby.js \
	nginx/html/vendor/highlight/rust.js nginx/html/vendor/highlight/scala.js \
	nginx/html/vendor/highlight/shell.js nginx/html/vendor/highlight/sql.js \
	nginx/html/vendor/highlight/swift.js nginx/html/vendor/highlight/typescript.js \
	nginx/html/vendor/highlight/xml.js nginx/html/vendor/highlight/yaml.js

htmlswaggerdir = $(htmlvendordir)/swagger
dist_htmlswagger_DATA = nginx/html/vendor/swagger/LICENSE nginx/html/vendor/swagger/NOTICE \
	nginx/html/vendor/swagger/swagger-ui.css nginx/html/vendor/swagger/swagger-ui-bundle.js

# The page for reading and trying the interface.
htmldocsdir = $(htmldatadir)/docs
dist_htmldocs_DATA = nginx/html/docs/index.html nginx/html/docs/docs.js nginx/html/docs/docs.css

all-local: $(srcdir)/nginx/html/vendor/stamp
$(srcdir)/nginx/html/vendor/stamp: $(srcdir)/nginx/package-lock.json $(srcdir)/nginx/vendor
	$(srcdir)/nginx/vendor
$(dist_htmlvendor_DATA) $(dist_htmlhighlight_DATA) $(dist_htmlswagger_DATA): $(srcdir)/nginx/html/vendor/stamp

bin_SCRIPTS += offstage-nginx
CLEANFILES += offstage-nginx
offstage-nginx: nginx/offstage-nginx Makefile
	$(AM_V_GEN)$(SED) 's|@pkgdatadir[@]|$(pkgdatadir)|g; s|@VERSION[@]|$(VERSION)|g' \
		$(srcdir)/nginx/offstage-nginx >$@.tmp && chmod +x $@.tmp && mv $@.tmp $@

EXTRA_DIST += nginx/offstage-nginx nginx/nginx.conf.in nginx/vendor nginx/package.json \
	nginx/package-lock.json nginx/html/vendor/stamp nginx/tsconfig.json nginx/eslint.config.js \
	nginx/types/vendor/markdown-it.d.ts nginx/types/vendor/highlight/core.d.ts
