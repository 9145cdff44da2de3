/** Swagger UI over the document that the server holds itself to. */

/* The bundle has run before this: both are deferred, in their order. */
const { SwaggerUIBundle } = /** @type {any} */ (window);

SwaggerUIBundle({
    url: '/api/openapi.json',
    dom_id: '#interface',
    deepLinking: true,
    docExpansion: 'list',
    defaultModelsExpandDepth: 0,
    /* Nothing is sent to anybody else. */
    validatorUrl: null,
});
