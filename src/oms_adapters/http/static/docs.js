// Keys typed into the page stay in the page: nothing is kept in the browser's storage.
window.addEventListener("load", () => {
  window.SwaggerUIBundle({
    url: "/schema/openapi.json",
    dom_id: "#docs",
    deepLinking: true,
    docExpansion: "list",
    persistAuthorization: false,
    validatorUrl: null,
  });
});
