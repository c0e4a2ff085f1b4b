// Calls go to where the page came from; the key that is typed in is kept nowhere but in the page.
window.SwaggerUIBundle({
  url: 'openapi.json',
  dom_id: '#reference',
  deepLinking: true,
  docExpansion: 'list',
  defaultModelsExpandDepth: -1,
  persistAuthorization: false,
  validatorUrl: null,
});
