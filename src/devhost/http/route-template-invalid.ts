/** A mistake in the text of a route; the message says where. */
export class RouteTemplateInvalid extends Error {
  override readonly name = "RouteTemplateInvalid";
}
