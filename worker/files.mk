# Everything but main(), so that tests can link it.
noinst_LIBRARIES += libworker.a
libworker_a_SOURCES = \
	worker/attempt.c worker/attempt.h \
	worker/collector.c worker/collector.h \
	worker/counters.c worker/counters.h \
	worker/erase_user.c \
	worker/exchange.c \
	worker/flusher.c worker/flusher.h \
	worker/kind.h \
	worker/kinds.c \
	worker/listener.c \
	worker/mail.c \
	worker/noop.c \
	worker/pool.c worker/pool.h \
	worker/runner.c worker/runner.h \
	worker/searcher.c worker/searcher.h \
	worker/sweep.c worker/sweep.h \
	worker/upkeep.c \
	worker/webhook.c \
	worker/crawl/address.c worker/crawl/address.h \
	worker/crawl/crawl.c worker/crawl/crawl.h \
	worker/crawl/crawl_due.c \
	worker/crawl/crawl_known.c \
	worker/crawl/crawl_links.c \
	worker/crawl/crawl_load.c \
	worker/crawl/crawl_plan.c \
	worker/crawl/crawl_read.c \
	worker/crawl/crawl_robots.c \
	worker/crawl/crawl_store.c \
	worker/crawl/fetch.c worker/crawl/fetch.h \
	worker/crawl/hosts.c worker/crawl/hosts.h \
	worker/crawl/robots.c worker/crawl/robots.h \
	worker/crawl/simhash.c worker/crawl/simhash.h \
	worker/crawl/sitemap.c worker/crawl/sitemap.h \
	worker/embed/embed_call.c worker/embed/embed_call.h \
	worker/embed/embed_chunks.c worker/embed/embed_question.c \
	worker/embed/embeddings.c worker/embed/embeddings.h \
	worker/extract/article.c worker/extract/article.h worker/extract/article_body.c \
	worker/extract/charset.c worker/extract/charset.h worker/extract/charset_labels.c \
	worker/extract/charset_mend.c \
	worker/extract/child.c worker/extract/child.h \
	worker/extract/class_words.c worker/extract/class_words.h \
	worker/extract/class_words.def \
	worker/extract/content.c worker/extract/content.h \
	worker/extract/dom.c worker/extract/dom.h worker/extract/dom_parse.c \
	worker/extract/extract.c worker/extract/extract.h \
	worker/extract/format.h worker/extract/format_docx.c worker/extract/format_pdf.c \
	worker/extract/format_text.c \
	worker/extract/forum.c worker/extract/forum.h \
	worker/extract/guard.c worker/extract/guard.h \
	worker/extract/line.c worker/extract/line.h \
	worker/extract/markdown.c worker/extract/markdown.h worker/extract/markdown_private.h \
	worker/extract/markdown_table.c \
	worker/extract/measure.c worker/extract/measure.h \
	worker/extract/meta.c worker/extract/meta.h \
	worker/extract/open_tags.c worker/extract/open_tags.h \
	worker/extract/prune.c worker/extract/prune.h worker/extract/prune_boxes.c \
	worker/extract/prune_hidden.c worker/extract/prune_lines.c worker/extract/prune_quotes.c \
	worker/extract/stand_ins.c worker/extract/stand_ins.h \
	worker/extract/structured.c worker/extract/structured.h \
	worker/extract/tag.c worker/extract/tag.h worker/extract/tags.def \
	worker/extract/zip.c worker/extract/zip.h \
	worker/import/import_chats.c \
	worker/import/import_file.c worker/import/import_file.h \
	worker/import/import_tree.c worker/import/import_tree.h \
	worker/index/chunk_units.c worker/index/chunk_units.h \
	worker/index/chunker.c worker/index/chunker.h \
	worker/index/index_source.c \
	worker/index/page_index.c worker/index/page_index.h \
	worker/model/chat_chunk.c worker/model/chat_chunk.h \
	worker/model/chat_completions.c \
	worker/model/dialect.h \
	worker/model/dialects.c \
	worker/model/extractive.c \
	worker/model/model.c worker/model/model.h \
	worker/model/model_call.c worker/model/model_call.h \
	worker/model/oauth.c worker/model/oauth.h \
	worker/model/passage_text.c worker/model/passage_text.h \
	worker/model/reply.c worker/model/reply.h \
	worker/model/responses.c \
	worker/model/responses_event.c worker/model/responses_event.h \
	worker/model/said.c worker/model/said.h \
	worker/model/terms.c worker/model/terms.h \
	worker/model/upstream.c worker/model/upstream.h \
	worker/respond/agent_test.c \
	worker/respond/citation.c worker/respond/citation.h \
	worker/respond/respond.c worker/respond/respond.h \
	worker/respond/respond_load.c \
	worker/respond/respond_model.c \
	worker/respond/respond_say.c \
	worker/respond/respond_store.c \
	worker/respond/respond_tools.c \
	worker/respond/respond_trace.c worker/respond/respond_trace.h \
	worker/respond/respond_trace_json.c \
	worker/respond/title_chat.c \
	worker/respond/transcript.c worker/respond/transcript.h \
	worker/tool/mcp.c worker/tool/mcp.h \
	worker/tool/schema.c worker/tool/schema.h \
	worker/tool/toolbox.c worker/tool/toolbox.h \
	worker/trace/assessment.c worker/trace/assessment.h \
	worker/trace/export.c worker/trace/export.h \
	worker/trace/feedback.c \
	worker/trace/fetch.c \
	worker/trace/mlflow.c worker/trace/mlflow.h \
	worker/trace/mlflow_span.c worker/trace/mlflow_span.h \
	worker/trace/mlflow_value.c worker/trace/mlflow_value.h \
	worker/trace/otlp.c worker/trace/otlp.h \
	worker/trace/otlp_proto.c \
	worker/trace/otlp_span.c worker/trace/otlp_span.h \
	worker/trace/server.c worker/trace/server.h \
	worker/trace/trace.c worker/trace/trace.h

# What those need that link it.
WORKER_LIBS = libworker.a $(DB_LIBS) $(EXTRACT_LIBS) -lm

bin_PROGRAMS += offstage-worker
offstage_worker_SOURCES = worker/main.c
offstage_worker_LDADD = $(WORKER_LIBS)
